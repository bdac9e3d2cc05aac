"""`report`: the task's page and a page per model, from the results of the earlier stages."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import artifacts, paths, progress
from pipelines.report import contents, index, language, microscope, pages
from pipelines.report.figures import Figure
from pipelines.report.tour import material as tour
from pipelines.report.tour.material import Tour
from pipelines.report.tracks import Track
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
            pages.write_microscope_data(folder, results, model, _tracks(stage, results, model))
        pages.write_model(folder, results, stage.TITLE, model, own(model), block)
        pages.write_microscope(folder, results, stage.TITLE, model)
    materials = tour.of_task(results, stage.TITLE, stage.SEQUENCE, params.models)
    artifacts.write_json(folder / "tour.json", Tour(materials))
    written = sorted([*folder.glob("*.html"), *folder.glob(f"{microscope.FOLDER}/*.html")])
    found = {
        page.relative_to(folder).as_posix(): contents.headings(page.read_text(encoding="utf-8")) for page in written
    }
    summary = index.summary(results, stage.TITLE, stage.QUESTION)
    artifacts.write_json(folder / "summary.json", {**summary, "contents": found})


def _tracks(stage: "Report", results: Results, model: str) -> dict[str, Sequence[Track]]:
    """What the sequences of each target's record are, the whole ones first; none where the record could not be made."""
    tracks: dict[str, Sequence[Track]] = {}
    for target in results.targets:
        record = results.microscope(model, target)
        tracks[target] = stage.tracks(results, target, [*record.sequences, *record.further]) if record.layers else []
    return tracks
