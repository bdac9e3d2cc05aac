"""`prepare`: raw data into the arrays that networks read, split and scaled."""

from typing import TYPE_CHECKING, Any

from pipelines import artifacts, paths, progress
from pipelines.contract import Meta

if TYPE_CHECKING:
    from pipelines.task import Prepare, Task


def run(task: "Task", params: Any) -> None:
    """Write `data/prepared/<task>` with a `meta.json`."""
    stage: Prepare = task.stage("prepare")
    with artifacts.replacing_folder(paths.prepared(task.name)) as folder:
        meta: Meta = stage.prepare(paths.raw(task.name), params.prepare, folder)
        artifacts.write_json(folder / "meta.json", meta)
    for name, target in meta.targets.items():
        windows = ", ".join(f"{split} {part.windows}" for split, part in target.splits.items())
        progress.say(f"{task.name}/{name}: {windows} windows")
