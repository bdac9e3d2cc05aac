"""The plan of a run: what is out of date and why, according to DVC. Nothing here needs Prefect, which is slow to import."""

import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flows import console, graph
from flows.stages import CODE, Outcome, update_code
from pipelines import paths
from pipelines.sources import files

if TYPE_CHECKING:
    from networkx import DiGraph


@dataclass(frozen=True)
class Plan:
    """What is to be brought up to date: the graph, why stages are out of date, and what is already settled."""

    graph: "DiGraph"
    changed: Mapping[str, str]
    force: bool = False
    settled: Mapping[str, Outcome] = field(default_factory=dict)
    """Stages that ran before DVC was asked what has changed: `changed` takes their outputs into account."""

    def reason(self, stage: str, outcomes: Mapping[str, Outcome]) -> str | None:
        """Why DVC has to check `stage`, given the `outcomes` of what it depends on; None if nothing can have changed."""
        if self.forces(stage):
            return "forced"
        upstream = sorted(
            other
            for other in self.graph.predecessors(stage)
            if other not in self.settled and not outcomes[other].changed_nothing
        )
        return self.changed.get(stage) or (f"upstream changed: {', '.join(upstream)}" if upstream else None)

    def forces(self, stage: str) -> bool:
        """Whether `stage` runs even if nothing has changed; `code` does not, since it would only write the same hashes."""
        return self.force and stage != CODE

    def show(self) -> None:
        """Print what would run, and why, in order."""
        import networkx

        order = list(networkx.topological_sort(self.graph))
        reasons = {
            stage: "forced" if self.forces(stage) else self.changed[stage]
            for stage in order
            if self.forces(stage) or stage in self.changed
        }
        downstream = {after for stage in reasons for after in networkx.descendants(self.graph, stage)} - set(reasons)
        for stage in order:
            if stage in reasons:
                console.screen.print(f"{stage:<{console.NAME_WIDTH}} runs: {reasons[stage]}")
            elif stage in downstream:
                console.screen.print(f"{stage:<{console.NAME_WIDTH}} runs if the outputs that it needs change")
        console.screen.print(f"{len(reasons)} of {len(order)} stages are out of date, {len(downstream)} may follow")


def make_plan(targets: list[str], force: bool = False) -> Plan:
    """What DVC says about the part of the graph that `targets` need, after bringing `code` up to date if it is not.

    Raises `UsageError` for an unknown target, `StageError` if `code` fails, `InputError` for what DVC would wait for, or fail at: a pipe
    among the user's files, or a link to a folder.
    """
    files.check(paths.INPUT)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(graph.read, targets)
        changed = graph.changes()
        needed = reading.result()
    settled = {}
    if CODE in needed and CODE in changed:
        settled[CODE] = update_code(changed[CODE])
        changed = graph.changes()
    return Plan(needed, changed, force, settled)


def plan_in_background(targets: list[str], force: bool) -> Future[Plan]:
    """`make_plan` in a thread that does not keep an interrupted process from ending."""
    future: Future[Plan] = Future()

    def work() -> None:
        try:
            future.set_result(make_plan(targets, force))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future
