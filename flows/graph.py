"""DVC's graph: what depends on what, what is out of date, and which stages to start first."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from flows import dvc_cli
from pipelines import paths

if TYPE_CHECKING:
    from networkx import DiGraph

NAMED_CHANGES = 3
"""Changes that a reason names; further ones are counted."""


def read(targets: Sequence[str] = ()) -> "DiGraph":
    """The part of the graph that `targets` (stages, groups or outputs) need, or all of it.

    An edge leads from a stage to each stage that reads its outputs. Raises `UsageError` for a target that DVC does not
    know, `DvcError` for a graph that it cannot read.
    """
    import networkx

    with ThreadPoolExecutor() as pool:
        parts = list(pool.map(dvc_cli.dag, targets)) if targets else [dvc_cli.dag()]
    graph = networkx.DiGraph()
    for part in parts:
        graph.add_nodes_from(names[0] for names in part if len(names) == 1)
        graph.add_edges_from(names for names in part if len(names) == 2)
    return graph


def remaining_seconds(graph: "DiGraph") -> dict[str, float]:
    """Seconds from the start of each stage to the end of the graph, if every stage could start at once.

    The stage with the longest chain after it is started first. Durations are estimates: a training takes what it took
    when its metrics were recorded (the longest of these if it has none), any other stage one second.
    """
    import networkx

    trainings = {stage: seconds for stage in graph if (seconds := _training_seconds(stage))}
    longest = max(trainings.values(), default=1.0)
    remaining: dict[str, float] = {}
    for stage in reversed(list(networkx.topological_sort(graph))):
        duration = trainings.get(stage, longest) if stage.startswith("train@") else 1.0
        remaining[stage] = duration + max((remaining[after] for after in graph.successors(stage)), default=0.0)
    return remaining


def _training_seconds(stage: str) -> float | None:
    kind, _, instance = stage.partition("@")
    task, _, model = instance.partition("-")
    if kind != "train":
        return None
    try:
        return float(json.loads(paths.metrics(task, model).read_text())["cost"]["train_seconds"])
    except (OSError, ValueError, KeyError):
        return None


def changes() -> dict[str, str]:
    """Every stage that is out of date by itself, with DVC's reason in a few words: `params.yaml runs modified`.

    A stage whose inputs are about to change is not among them: whether it has to run shows when they have changed.
    """
    causes = dvc_cli.status()
    recorded = dvc_cli.recorded_stages() if causes else {}
    return {stage: _reason(causes[stage]) if stage in recorded else "never ran here" for stage in causes}


def _reason(causes: Sequence[str | Mapping[str, Mapping[str, Any]]]) -> str:
    phrases: list[str] = []
    for cause in causes:
        if isinstance(cause, str):  # "changed command", "always changed"
            phrases.append(cause)
        else:
            for changed in cause.values():
                phrases += _phrases(changed)
    phrases = list(dict.fromkeys(phrases))
    more = [f"and {len(phrases) - NAMED_CHANGES} more"] if len(phrases) > NAMED_CHANGES else []
    return ", ".join(phrases[:NAMED_CHANGES] + more)


def _phrases(changed: Any, path: str = "") -> list[str]:
    """`{"params.yaml": {"finance.training": "modified"}}` as `["params.yaml finance.training modified"]`."""
    if isinstance(changed, Mapping):
        return [phrase for key, value in changed.items() for phrase in _phrases(value, f"{path} {key}".strip())]
    return [f"{path} {changed}"]
