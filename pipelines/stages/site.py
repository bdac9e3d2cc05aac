"""`site`: the index of all reports, the pages of the sweeps, and what the pages share.

The index compares the metrics with the last Git commit whose metrics are others. Git's state is no dependency of the stage, for then no
`dvc status` would be clean after a commit. The price: the page keeps naming the commit that was the last one when it was written (what it
says of that commit stays true), until something else changes or `dvc repro --force --single-item site` writes it again.
"""

from pipelines import artifacts, paths, progress, registry, sweeps
from pipelines.errors import MissingStageError
from pipelines.report import pages


def run() -> None:
    """Write `reports/index.html` and `reports/assets` for every task that has a report; raise `MissingStageError` if none has."""
    files = [paths.report(task.name) / "summary.json" for task in registry.TASKS]
    summaries = [artifacts.read_json(path) for path in files if path.exists()]
    if not summaries:
        raise MissingStageError(f"{paths.TASK_REPORTS} holds no report: run `dvc repro`, which writes them first")
    with artifacts.replacing_folder(paths.REPORTS / "assets") as folder:
        pages.write_assets(folder)
    swept = [sweep for task in registry.TASKS if (sweep := sweeps.read(task.name))]
    with artifacts.replacing_folder(paths.SWEEP_REPORTS) as folder:
        for sweep in swept:
            pages.write_sweep(folder / f"{sweep.task}.html", sweep, summaries)
    with artifacts.replacing(paths.REPORTS / "index.html") as page:
        pages.write_index(page, summaries, swept)
    progress.say(f"the reports: {(paths.REPORTS / 'index.html').resolve()}")
