"""The graph as DVC tells it: what depends on what, and what is out of date."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows import console
from pipelines import paths
from pipelines.errors import UsageError, UserError

if TYPE_CHECKING:
    from networkx import DiGraph

DVC = (sys.executable, "-m", "dvc")
UNKNOWN = "does not exist as an output or a stage name"
"""What DVC says of a target that it does not know."""
BUSY = "it is being blocked by"
"""What DVC says when another process is at work on a stage's files."""
IN_HAND = "another run in this workspace has it in hand: waiting"
PATIENCE = 3.0
"""Seconds until what another process has in hand is tried again."""
LOCK = Path("dvc.lock")
SHOWN = 3
"""Changes that a reason names; the others it counts."""


class DvcError(UserError):
    """What DVC gave as the reason why a command of it failed."""


def environment(**more: str) -> dict[str, str]:
    """The environment of a child: this interpreter's commands first, as `dvc.yaml` says `python`."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    return {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1", "PYTHONUNBUFFERED": "1", **more}


def dvc(*arguments: str) -> str:
    """Run one DVC command here, waiting for its locks; return what it says, raise `DvcError` with its reason."""
    command = [*DVC, "--wait-for-lock", *arguments]
    waiting = False
    while True:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
        if not (
            done.returncode and BUSY in done.stderr
        ):  # DVC waits for its own lock, not for a file that a stage writes
            break
        if not waiting:
            console.say(arguments[0], IN_HAND)
        waiting = True
        time.sleep(PATIENCE)
    if done.returncode:
        raise DvcError(_complaint(done.stderr) or f"dvc {arguments[0]} ended with status {done.returncode}")
    return done.stdout


def _complaint(said: str) -> str:
    """DVC's last error in one line; of a `dvc.yaml` that it cannot read all it says, but for the lines it quotes."""
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    if errors:
        return errors[-1]
    quoted = re.compile(r"\s*\d+ (│|\s*$)")
    return " ".join(line.strip() for line in said.splitlines() if line.strip() and not quoted.match(line))


def read(targets: Sequence[str] = ()) -> "DiGraph":
    """The part of the graph that `targets` (stages, groups or outputs) need, or all of it: an edge leads from each
    stage to those that read its outputs.

    Raises `UsageError` for a target that DVC does not know, `DvcError` for a graph that it cannot read.
    """
    import networkx
    import pydot

    def drawn(*target: str) -> str:
        try:
            return dvc("dag", "--dot", *target)
        except DvcError as error:
            if target and UNKNOWN in str(error):
                raise UsageError(str(error)) from None
            raise

    def parsed(text: str) -> "DiGraph":  # not in the pool: pydot's grammar cannot be shared by threads
        drawing = (pydot.graph_from_dot_data(text) or [])[0]
        part = networkx.DiGraph()
        part.add_nodes_from(node.get_name().strip('"') for node in drawing.get_nodes())
        part.add_edges_from(
            (str(edge.get_source()).strip('"'), str(edge.get_destination()).strip('"')) for edge in drawing.get_edges()
        )
        return part

    with ThreadPoolExecutor() as pool:
        drawings = list(pool.map(drawn, targets)) if targets else [drawn()]
    return networkx.compose_all([parsed(text) for text in drawings])


def urgency(graph: "DiGraph") -> dict[str, float]:
    """Seconds from the start of each stage to the end of the graph, if there were room for all: the longest chain is
    to be started first.

    What a stage takes is guessed: a training from what it took when its metrics were recorded (one without metrics is
    taken for the longest), any other stage as short.
    """
    import networkx

    known = {}
    for stage in graph:
        kind, _, instance = stage.partition("@")
        if kind == "train":
            task, _, model = instance.partition("-")
            if cost := _cost(task, model):
                known[stage] = cost
    longest = max(known.values(), default=1.0)
    chain: dict[str, float] = {}
    for stage in reversed(list(networkx.topological_sort(graph))):
        own = known.get(stage, longest) if stage.startswith("train@") else 1.0
        chain[stage] = own + max((chain[other] for other in graph.successors(stage)), default=0.0)
    return chain


def _cost(task: str, model: str) -> float | None:
    try:
        return float(json.loads(paths.metrics(task, model).read_text())["cost"]["train_seconds"])
    except (OSError, ValueError, KeyError):
        return None


def changes() -> dict[str, str]:
    """Every stage that is out of date by itself, with DVC's reason in a few words: `pipelines/nn modified`.

    A stage whose inputs will only be made anew is not among them: that shows when they have been.
    """
    status = json.loads(dvc("status", "--json"))
    recorded = LOCK.read_text().splitlines() if LOCK.exists() else []
    return {
        stage: _reason(causes) if f"  {stage}:" in recorded else "never ran here" for stage, causes in status.items()
    }


def _reason(causes: Sequence[str | Mapping[str, Mapping[str, Any]]]) -> str:
    words = []
    for cause in causes:
        if isinstance(cause, str):  # "changed command", "always changed"
            words.append(cause)
            continue
        for changed in cause.values():
            words += _words(changed)
    shown = list(dict.fromkeys(words))
    more = [f"and {len(shown) - SHOWN} more"] if len(shown) > SHOWN else []
    return ", ".join(shown[:SHOWN] + more)


def _words(changed: Any, path: str = "") -> list[str]:
    """`{"params.yaml": {"finance.training": "modified"}}` as `["params.yaml finance.training modified"]`."""
    if isinstance(changed, Mapping):
        return [word for key, value in changed.items() for word in _words(value, f"{path} {key}".strip())]
    return [f"{path} {changed}"]
