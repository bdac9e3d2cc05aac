"""`site`: the index of all reports, the pages of the sweeps, and what the pages share.

The index compares the metrics with the last Git commit whose metrics are others. Git's state is no dependency of the stage, for then no
`dvc status` would be clean after a commit. The price: the page keeps naming the commit that was the last one when it was written (what it
says of that commit stays true), until something else changes or `dvc repro --force --single-item site` writes it again.
"""

from pipelines import artifacts, paths, progress, registry, sweeps
from pipelines.errors import MissingStageError
from pipelines.report import contents, index, pages, pipeline
from pipelines.report import sweeps as sweep_pages
from pipelines.report.tour import page as tour
from pipelines.report.tour.material import Tour


def run() -> None:
    """Write the index, the guided tour and what pages share, for every task that has a report; raise `MissingStageError` if none has."""
    files = [paths.report(task.name) / "summary.json" for task in registry.TASKS]
    summaries = [artifacts.read_json(path) for path in files if path.exists()]
    if not summaries:
        raise MissingStageError(f"{paths.TASK_REPORTS} holds no report: run `dvc repro`, which writes them first")
    with artifacts.replacing_folder(paths.REPORTS / "assets") as folder:
        pages.write_assets(folder)
    swept = [sweep for task in registry.TASKS if (sweep := sweeps.read(task.name))]
    with artifacts.replacing_folder(paths.SWEEP_REPORTS) as folder:
        for sweep in swept:
            sweep_pages.write(folder / f"{sweep.task}.html", sweep, summaries)
    tours = [paths.report(task.name) / "tour.json" for task in registry.TASKS]
    materials = [part for path in tours if path.exists() for part in artifacts.read(path, Tour).materials]
    with artifacts.replacing(paths.REPORTS / "tour.html") as page:
        tour.write(page, materials)
    with artifacts.replacing(paths.REPORTS / "index.html") as page:
        index.write(page, summaries, materials, swept)
    with artifacts.replacing(paths.REPORTS / "pipeline.html") as page:
        pipeline.write(page, summaries)
    if not paths.LAST_RUN.exists():
        paths.LAST_RUN.write_text("window.lastRun = null;\n", encoding="utf-8")
    with artifacts.replacing(paths.REPORTS / "assets" / "site.js") as script:
        contents.write(
            script,
            summaries,
            ["index.html", "tour.html", "pipeline.html", *(f"sweeps/{sweep.task}.html" for sweep in swept)],
        )
    progress.say(f"the reports: {(paths.REPORTS / 'index.html').resolve()}")
