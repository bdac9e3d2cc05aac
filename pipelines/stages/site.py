"""`site`: the index of all reports, and what the pages share."""

from pipelines import artifacts, paths, progress, registry
from pipelines.errors import MissingStageError
from pipelines.report import index, pages


def run() -> None:
    """Write `reports/index.html` and `reports/assets` for every task that has a report; raise `MissingStageError` if none has."""
    files = [paths.report(task.name) / "summary.json" for task in registry.TASKS]
    summaries = [artifacts.read_json(path) for path in files if path.exists()]
    if not summaries:
        raise MissingStageError(f"{paths.TASK_REPORTS} holds no report: run `dvc repro`, which writes them first")
    with artifacts.replacing_folder(paths.REPORTS / "assets") as folder:
        pages.write_assets(folder)
    with artifacts.replacing(paths.REPORTS / "index.html") as page:
        index.write(page, summaries)
    progress.say(f"the reports: {(paths.REPORTS / 'index.html').resolve()}")
