"""`site`: the index of all reports, and what the pages share."""

from pipelines import artifacts, paths, progress, registry
from pipelines.errors import MissingStageError
from pipelines.report import index, pages
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
    tours = [paths.report(task.name) / "tour.json" for task in registry.TASKS]
    materials = [part for path in tours if path.exists() for part in artifacts.read(path, Tour).materials]
    with artifacts.replacing(paths.REPORTS / "tour.html") as page:
        tour.write(page, materials)
    with artifacts.replacing(paths.REPORTS / "index.html") as page:
        index.write(page, summaries, materials)
    progress.say(f"the reports: {(paths.REPORTS / 'index.html').resolve()}")
