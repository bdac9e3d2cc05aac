"""`runs.yaml`: the tasks and trainings that `dvc.yaml` iterates over, derived from the registry and `params.yaml`."""

from pathlib import Path
from typing import Any

from pipelines import artifacts, params, registry
from pipelines.errors import ParameterError
from pipelines.params.blocks import size_of
from pipelines.printing import quoted

RUNS = Path("runs.yaml")
HEADER = """\
# What dvc.yaml iterates over. Derived from pipelines/registry.py and the models of params.yaml by `python -m pipelines runs`,
# which `gatehouse run` and `make repro` call first. Do not edit.
"""


def derived(blocks: dict[str, Any] | None = None) -> str:
    """What `runs.yaml` must contain: every task with a block in `params.yaml` (or in `blocks`), and every model of each.

    Raise `ParameterError` for the first wrong key or value of any task, and for a block that belongs to no task.
    """
    blocks = params.values() if blocks is None else blocks
    known = [task.name for task in registry.TASKS]
    for name in blocks:
        if name not in known:
            raise ParameterError(f"params.yaml: there is no task {quoted(name)}; the tasks are {', '.join(known)}")
    tasks = [task for task in registry.TASKS if task.name in blocks]
    lines = [f"tasks: [{', '.join(task.name for task in tasks)}]", "runs:"]
    for task in tasks:
        models = task.params(blocks).models
        lines += [
            f"  {task.name}-{name}: {{task: {task.name}, model: {name}, match: {size_of(models, name)}}}"
            for name in models
        ]
    return HEADER + "\n".join(lines) + "\n"


def write() -> bool:
    """Bring `runs.yaml` up to date; return whether it had to change."""
    wanted = derived()
    if _stored() == wanted.encode():
        return False
    with artifacts.replacing(RUNS) as partial:
        partial.write_text(wanted, encoding="utf-8")
    return True


def check() -> None:
    """Raise `ParameterError` if `runs.yaml` does not match the parameters."""
    if _stored() != derived().encode():
        raise ParameterError(
            f"{RUNS}: does not list the tasks and models of params.yaml; run `python -m pipelines runs`, then the same command again"
        )


def _stored() -> bytes | None:
    return RUNS.read_bytes() if RUNS.is_file() else None
