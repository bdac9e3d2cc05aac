"""`code`: hashes of each stage's code, one small file for every kind of stage and task; the other stages depend on these alone."""

from pipelines import artifacts, code, paths, progress, registry, runs
from pipelines.task import STAGES


def run() -> None:
    """Write `artifacts/code`. Raise `ParameterError` for an error anywhere in `params.yaml`, before anything is computed."""
    runs.check()
    with artifacts.replacing_folder(paths.CODE) as folder:
        for kind in STAGES:
            for task in registry.TASKS:
                artifacts.write_json(folder / kind / f"{task.name}.json", code.hashes(kind, task.name))
        artifacts.write_json(folder / "site.json", code.hashes("site", None))
    progress.say(f"code: {len(list(paths.CODE.rglob('*.json')))} stages' modules compared by meaning")
