"""`site`: the index of all reports, and what the pages share."""

from pipelines import artifacts, paths, progress, registry
from pipelines.report import pages


def run() -> None:
    """Write `reports/index.html` and `reports/assets` for every task that has a report."""
    files = [paths.report(task.name) / "summary.json" for task in registry.TASKS]
    summaries = [artifacts.read_json(path) for path in files if path.exists()]
    with artifacts.replacing_folder(paths.REPORTS / "assets") as folder:
        pages.write_assets(folder)
    with artifacts.replacing(paths.REPORTS / "index.html") as page:
        pages.write_index(page, summaries)
    progress.say(f"the reports: {(paths.REPORTS / 'index.html').resolve()}")
