"""`site`: the index of all reports, the pages of the sweeps, and what the pages share.

The index compares the metrics with the last Git commit whose metrics are others. Git's state is no dependency of the stage, for then no
`dvc status` would be clean after a commit. The price: the page keeps naming the commit that was the last one when it was written (what it
says of that commit stays true), until something else changes or `dvc repro --force --single-item site` writes it again.
"""

from collections.abc import Sequence

from pipelines import artifacts, paths, progress, registry, sweeps
from pipelines.errors import MissingStageError
from pipelines.report import contents, index, language, pages, pipeline
from pipelines.report import sweeps as sweep_pages
from pipelines.report.tour import page as tour
from pipelines.report.tour.material import Tour
from pipelines.sweeps import Sweep


def run() -> None:
    """Write the index, the guided tour and what pages share, for every task that has a report; raise `MissingStageError` if none has."""
    if not any((paths.report(task.name) / "summary.json").exists() for task in registry.TASKS):
        raise MissingStageError(f"{paths.TASK_REPORTS} holds no report: run `dvc repro`, which writes them first")
    with artifacts.replacing_folder(paths.REPORTS / "assets") as folder:
        pages.write_assets(folder)
    swept = [sweep for task in registry.TASKS if (sweep := sweeps.read(task.name))]
    for code in language.LANGUAGES:
        with language.speaking(code):
            _write(swept)
    if not paths.LAST_RUN.exists():
        paths.LAST_RUN.write_text("window.lastRun = null;\n", encoding="utf-8")
    progress.say(f"the reports: {(paths.REPORTS / 'index.html').resolve()}")


def _write(swept: Sequence[Sweep]) -> None:
    """The pages in the language that is spoken."""
    reports = language.reports()
    found = [folder for task in registry.TASKS if (folder := language.report(task.name)).exists()]
    summaries = [artifacts.read_json(folder / "summary.json") for folder in found]
    materials = [part for folder in found for part in artifacts.read(folder / "tour.json", Tour).materials]
    with artifacts.replacing_folder(reports / "sweeps") as folder:
        for sweep in swept:
            sweep_pages.write(folder / f"{sweep.task}.html", sweep, summaries)
    with artifacts.replacing(reports / "tour.html") as page:
        tour.write(page, materials)
    with artifacts.replacing(reports / "index.html") as page:
        index.write(page, summaries, materials, swept)
    with artifacts.replacing(reports / "pipeline.html") as page:
        pipeline.write(page, summaries)
    with artifacts.replacing(paths.REPORTS / "assets" / f"site.{language.active()}.js") as script:
        contents.write(
            script,
            reports,
            summaries,
            ["index.html", "tour.html", "pipeline.html", *(f"sweeps/{sweep.task}.html" for sweep in swept)],
        )
