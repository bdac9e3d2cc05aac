"""`report`: the task's page and a page per model, from the results of the earlier stages."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import artifacts, paths, progress
from pipelines.report import contents, index, language, pages
from pipelines.report.figures import Figure
from pipelines.report.tour import material as tour
from pipelines.report.tour.material import Tour
from pipelines.results import Results

if TYPE_CHECKING:
    from pipelines.task import Report, Task


def run(task: "Task", params: Any) -> None:
    """Write `reports/tasks/<task>`, with a `summary.json` for the index and a `tour.json` for the guided tour; in every language."""
    results = Results(task.name, tuple(params.models))
    with ExitStack() as all_or_nothing:
        for code in language.LANGUAGES:
            with language.speaking(code):
                folder = all_or_nothing.enter_context(artifacts.replacing_folder(language.report(task.name)))
                _write(folder, task.stage("report"), results, params)
    progress.say(f"{task.name}: {paths.report(task.name) / 'index.html'}")


def _write(folder: Path, stage: "Report", results: Results, params: Any) -> None:
    """The pages in the language that is spoken."""
    block = params.model_dump(by_alias=True)

    def own(model: str | None) -> dict[str, list[Figure]]:
        return {target: stage.figures(results, target, model) for target in results.targets}

    pages.write_task(folder, results, stage.TITLE, stage.QUESTION, own(None), block)
    for model in results.models:
        if language.active() == language.SOURCE:
            pages.write_files(folder, results, model)
        pages.write_model(folder, results, stage.TITLE, model, own(model), block)
    materials = tour.of_task(results, stage.TITLE, stage.SEQUENCE, params.models)
    artifacts.write_json(folder / "tour.json", Tour(materials))
    found = {page.name: contents.headings(page.read_text(encoding="utf-8")) for page in sorted(folder.glob("*.html"))}
    summary = index.summary(results, stage.TITLE, stage.QUESTION)
    artifacts.write_json(folder / "summary.json", {**summary, "contents": found})
