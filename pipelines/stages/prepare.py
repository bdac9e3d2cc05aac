"""`prepare`: raw data into the arrays that networks read, split and scaled."""

from typing import TYPE_CHECKING, Any

from pipelines import artifacts, names, paths, progress
from pipelines.contract import Meta
from pipelines.errors import InputError

if TYPE_CHECKING:
    from pipelines.task import Prepare, Task


def run(task: "Task", params: Any) -> None:
    """Write `data/prepared/<task>` with a `meta.json`."""
    stage: Prepare = task.stage("prepare")
    with artifacts.replacing_folder(paths.prepared(task.name)) as folder:
        meta: Meta = stage.prepare(paths.raw(task.name), params.prepare, folder)
        _check_names(task.name, list(meta.targets))
        artifacts.write_json(folder / "meta.json", meta)
    for name, target in meta.targets.items():
        windows = ", ".join(f"{split} {part.windows}" for split, part in target.splits.items())
        progress.say(f"{task.name}/{name}: {windows} windows")


def _check_names(task: str, targets: list[str]) -> None:
    """Raise `InputError` for a name that cannot be one of folders and links."""
    for target in targets:
        if why := names.fault_of_target(target):
            raise InputError(f"{task}: a target is called {target!r}: {why}; rename what it comes from")
    if alike := names.alike(targets):
        raise InputError(
            f"{task}: some file systems take the targets {' and '.join(alike)} for the same; rename what one of them comes from"
        )
