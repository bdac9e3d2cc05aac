"""What a run has done, for people: the lines and the table at its end, and the artifacts it leaves with Prefect."""

from collections import Counter
from collections.abc import Sequence

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from rich.table import Table

from flows import console, graph
from flows.stages import Did, Outcome
from pipelines import paths

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
        create_markdown_artifact(graph.dvc("metrics", "show", "--md"), key="metrics", description="As they now are.")
    index = (paths.REPORTS / "index.html").resolve()
    if index.exists():
        create_link_artifact(index.as_uri(), link_text="reports/index.html", key="report", description=f"{index}")
