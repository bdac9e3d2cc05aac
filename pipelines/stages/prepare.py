"""`prepare`: raw data into the arrays that networks read, split and scaled."""

from pipelines import artifacts, paths, progress
from pipelines.params import Params
from pipelines.registry import Task


def run(task: Task, params: Params) -> None:
    """Write `data/prepared/<task>` with a `meta.json`."""
    with artifacts.replacing_folder(paths.prepared(task.name)) as folder:
        meta = task.data.prepare(paths.raw(task.name), params.task(task.name).data, folder)
        artifacts.write_json(folder / "meta.json", meta)
    for name, target in meta["targets"].items():
        windows = ", ".join(f"{split} {part['windows']}" for split, part in target["splits"].items())
        progress.say(f"{task.name}/{name}: {windows} windows")
