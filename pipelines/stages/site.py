"""`site`: the index of all reports, and what the pages share."""

from pipelines import artifacts, paths, progress, registry
from pipelines.params import Params
from pipelines.report import pages
from pipelines.report.results import Results


def run(params: Params) -> None:
    """Write `reports/index.html` and `reports/assets` for every task that has a report."""
    tasks = [registry.find(name) for name in params.tasks if (paths.report(name) / "index.html").exists()]
    with artifacts.replacing_folder(paths.REPORTS / "assets") as folder:
        pages.write_assets(folder)
    with artifacts.replacing(paths.REPORTS / "index.html") as page:
        entries = [
            (Results(t.name, tuple(params.models(t.name))), t.title, t.question, params.task(t.name).model_dump())
            for t in tasks
        ]
        pages.write_index(page, entries)
    progress.say(f"the reports: {(paths.REPORTS / 'index.html').resolve()}")
