"""What a run has done, for people: the lines and the table at its end, and the artifacts it leaves with Prefect."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from prefect.artifacts import create_link_artifact, create_table_artifact
from rich.table import Table

from flows import console, graph
from flows.stages import Did, Outcome
from pipelines import paths

ASIDE = ("cost", "seeds", "statistics", "valid")
"""What the metrics files hold beside the results."""
STYLES = {Did.RAN: "green", Did.RESTORED: "blue", Did.CACHED: "blue", Did.FAILED: "bold red", Did.SKIPPED: "yellow"}


def in_words(outcome: Outcome) -> tuple[str, str]:
    """`ran in 12.3 s: pipelines/nn modified`, and its style."""
    return f"{outcome.did.lower()} after {outcome.seconds:.1f} s: {outcome.reason}", STYLES[outcome.did]


def counts(outcomes: Sequence[Outcome]) -> str:
    """`3 ran, 24 cached`."""
    found = Counter(outcome.did for outcome in outcomes)
    return ", ".join(f"{found[did]} {did.lower()}" for did in Did if found[did]) or "nothing to do"


def show(outcomes: Sequence[Outcome], wall: float) -> None:
    """Print every stage with its state and seconds, and the wall time beside the sum of the stages' times."""
    table = Table("stage", "state", "seconds", "why", box=None, header_style="bold", pad_edge=False)
    table.columns[2].justify = "right"
    for outcome in outcomes:
        seconds = f"{outcome.seconds:.1f}" if outcome.seconds else ""
        table.add_row(outcome.stage, outcome.did.lower(), seconds, outcome.reason, style=STYLES[outcome.did])
    total = sum(outcome.seconds for outcome in outcomes)
    console.screen.print(table)
    console.screen.print(f"{counts(outcomes)}; {wall:.0f} s, in which stages ran for {total:.0f} s")


def publish(outcomes: Sequence[Outcome]) -> None:
    """Leave with Prefect what ran and why, the metrics as they now are, and the way to the report."""
    rows = [
        {"stage": o.stage, "state": o.did.lower(), "seconds": round(o.seconds, 1), "why": o.reason} for o in outcomes
    ]
    create_table_artifact(rows, key="stages", description=f"What ran, and why: {counts(outcomes)}.")
    if paths.METRICS.exists():
        create_table_artifact(metrics(), key="metrics", description="As they now are: on the test parts, over seeds.")
    index = (paths.REPORTS / "index.html").resolve()
    if index.exists():
        create_link_artifact(index.as_uri(), link_text="reports/index.html", key="report", description=f"{index}")


def metrics() -> list[dict[str, Any]]:
    """A row for each result that DVC knows: file, metric, mean (or value) and standard deviation."""
    files = json.loads(graph.dvc("metrics", "show", "--json")).get("", {}).get("data", {})
    return [
        {"of": Path(file).relative_to(paths.METRICS).with_suffix("").as_posix(), **row}
        for file, content in files.items()
        for row in _results(content.get("data", {}), [])
    ]


def _results(value: Any, names: list[str]) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and "mean" not in value:
        for name, part in value.items():
            if name not in ASIDE:
                yield from _results(part, [*names, name])
    elif isinstance(value, dict):
        yield {"metric": ".".join(names), "mean": value["mean"], "std": value.get("std")}
    elif isinstance(value, float | int):
        yield {"metric": ".".join(names), "mean": value, "std": None}
