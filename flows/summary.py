"""The summary of a run: the table at its end, and the artifacts that it leaves with Prefect."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect.artifacts import create_link_artifact, create_table_artifact
from rich.table import Table

from flows import console
from flows.stages import Outcome, StageStatus
from pipelines import artifacts, paths
from pipelines.printing import one_line

NOT_RESULTS = ("cost", "seeds", "statistics", "valid")
"""The keys of a metrics file that hold something other than test results."""
PREFIX = "window.lastRun = "
STYLES = {
    StageStatus.RAN: "green",
    StageStatus.RESTORED: "blue",
    StageStatus.CACHED: "blue",
    StageStatus.FAILED: "bold red",
    StageStatus.SKIPPED: "yellow",
}


def counts(outcomes: Sequence[Outcome]) -> str:
    """`3 ran, 24 cached`."""
    count = Counter(outcome.status for outcome in outcomes)
    return ", ".join(f"{count[status]} {status.lower()}" for status in StageStatus if count[status]) or "nothing to do"


def show(outcomes: Sequence[Outcome], wall_seconds: float) -> None:
    """Print each stage with its status and seconds, and the wall time next to the sum of the stages' times."""
    table = Table("stage", "state", "seconds", "why", box=None, header_style="bold", pad_edge=False)
    table.columns[2].justify = "right"
    for outcome in outcomes:
        seconds = f"{outcome.seconds:.1f}" if outcome.seconds else ""
        stage, reason = one_line(outcome.stage), one_line(outcome.reason)
        table.add_row(stage, outcome.status.lower(), seconds, reason, style=STYLES[outcome.status])
    total = sum(outcome.seconds for outcome in outcomes)
    console.screen.print(table)
    console.screen.print(f"{counts(outcomes)}; {wall_seconds:.0f} s, in which stages ran for {total:.0f} s")


def publish(outcomes: Sequence[Outcome]) -> None:
    """Create Prefect artifacts: what ran and why, the current metrics, and a link to the report."""
    rows = [
        {
            "stage": outcome.stage,
            "state": outcome.status.lower(),
            "seconds": round(outcome.seconds, 1),
            "why": outcome.reason,
        }
        for outcome in outcomes
    ]
    create_table_artifact(rows, key="stages", description=f"What ran, and why: {counts(outcomes)}.")
    if paths.METRICS.exists():
        create_table_artifact(
            metrics(), key="metrics", description="The current results on the test splits: mean and std over seeds."
        )
    index = (paths.REPORTS / "index.html").resolve()
    if index.exists():
        create_link_artifact(index.as_uri(), link_text="reports/index.html", key="report", description=f"{index}")


def leave(outcomes: Sequence[Outcome], wall_seconds: float) -> None:
    """Add to `reports/last_run.js`, which the page of the pipeline draws, what this run did; what earlier ones did stays."""
    path = paths.LAST_RUN
    if not path.parent.is_dir():
        return
    before = _last_run(path)
    number = before.get("number", 0) + 1
    stages = before.get("stages", {})
    for outcome in outcomes:
        if outcome.changed_nothing:
            continue
        stages[outcome.stage] = {
            "run": number,
            "state": outcome.status.lower(),
            "seconds": round(outcome.seconds, 1),
            "why": outcome.reason,
        }
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    run = {"number": number, "finished": finished, "wall": round(wall_seconds, 1), "stages": stages}
    with artifacts.replacing(path) as script:
        script.write_text(f"{PREFIX}{json.dumps(run, separators=(',', ':'))};\n", encoding="utf-8")


def _last_run(path: Path) -> dict[str, Any]:
    """What `leave` has written; nothing if the file is missing or another's."""
    try:
        found = json.loads(path.read_text(encoding="utf-8").removeprefix(PREFIX).rstrip().removesuffix(";"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def metrics() -> list[dict[str, Any]]:
    """A row for each result in `metrics/`: file, metric, mean (or value) and standard deviation."""
    return [
        {"of": path.relative_to(paths.METRICS).with_suffix("").as_posix(), **row}
        for path in sorted(paths.METRICS.rglob("*.json"))
        for row in _results(json.loads(path.read_text()), [])
    ]


def _results(value: Any, keys: list[str]) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and "mean" not in value:
        for key, part in value.items():
            if key not in NOT_RESULTS:
                yield from _results(part, [*keys, key])
    elif isinstance(value, dict):
        yield {"metric": ".".join(keys), "mean": value["mean"], "std": value.get("std")}
    elif isinstance(value, float | int):
        yield {"metric": ".".join(keys), "mean": value, "std": None}
