"""The flow `reproduce`: any part of the graph on this host, its independent stages side by side."""

import queue
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State, TaskRunResult
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from flows import console, exchange, graph, summary
from flows.devices import found as devices_here
from flows.devices import lease as lease_device
from flows.stages import (
    ON_GPU,
    UNCHANGED,
    Children,
    Did,
    Outcome,
    Setting,
    as_state,
    cores,
    kind,
    run,
    tags,
    threads_each,
)
from pipelines.errors import UserError

if TYPE_CHECKING:
    from networkx import DiGraph

POLL = 0.5
"""Seconds between two looks for a device that another run may have given back."""

THREADS: Any = ThreadPoolTaskRunner(max_workers=256)
"""Room for every task run; what runs at a time is for `jobs` and the devices to limit."""


@dataclass(frozen=True)
class Plan:
    """What is to be brought up to date: the graph, why its stages are out of date, and what is settled already."""

    graph: "DiGraph"
    changed: Mapping[str, str]
    force: bool = False
    settled: Mapping[str, Outcome] = field(default_factory=dict)

    def reason(self, stage: str, before: Mapping[str, Outcome]) -> str | None:
        """Why DVC has to look at `stage` after what its upstream stages did; None when nothing can have changed."""
        anew = sorted(other for other in self.graph.predecessors(stage) if not before[other].changed_nothing)
        if self.force:
            return "forced"
        return self.changed.get(stage) or (f"made anew: {', '.join(anew)}" if anew else None)

    def show(self) -> None:
        """Print what would run, and why, in order."""
        import networkx

        order = list(networkx.topological_sort(self.graph))
        certain = set(order) if self.force else set(order).intersection(self.changed)
        perhaps = {after for stage in certain for after in networkx.descendants(self.graph, stage)} - certain
        for stage in order:
            if stage in certain:
                console.screen.print(
                    f"{stage:<{console.WIDTH}} runs: {'forced' if self.force else self.changed[stage]}"
                )
            elif stage in perhaps:
                console.screen.print(f"{stage:<{console.WIDTH}} runs if what it needs comes out differently")
        console.screen.print(f"{len(certain)} of {len(order)} stages are out of date, {len(perhaps)} may follow")


PLANNED: ContextVar[Future[Plan] | None] = ContextVar("planned", default=None)
"""The plan, where DVC has been asked already, while the server was starting; else the flow asks."""


def plan(targets: list[str], force: bool = False) -> Plan:
    """What DVC says of the graph that `targets` need; raise `UsageError` for an unknown target."""
    return Plan(graph.read(targets), graph.changes(), force)


class Run:
    """One pass over a plan: starts what is ready while there is room, most urgent first, until nothing is left."""

    def __init__(
        self,
        client: SyncPrefectClient,
        plan: Plan,
        setting: Setting,
        jobs: int,
        slots: list[str],
        keep_going: bool,
    ) -> None:
        self.client, self.flow_run = client, UUID(flow_run.id)
        self.plan, self.setting, self.jobs, self.slots, self.keep_going = plan, setting, jobs, slots, keep_going
        self.outcomes: dict[str, Outcome] = {}
        self.ids: dict[str, UUID] = {}
        self.futures: dict[str, PrefectFuture[Any]] = {}
        self.began: dict[str, float] = {}
        self.ended: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.told: set[str] = set()
        order = graph.urgency(plan.graph)
        self.pending = sorted(plan.graph, key=lambda stage: -order[stage])

    def __call__(self) -> list[Outcome]:
        """Run all; return the outcomes in the order in which the stages ended."""
        with console.board(len(self.pending)) as board:
            try:
                while self.pending or self.began:
                    self.sweep(board)
                    self.collect(board)
            except BaseException:
                self.setting.children.stop()
                raise
        return list(self.outcomes.values())

    def sweep(self, board: console.Board) -> None:
        """Start or settle whatever can be."""
        for stage in list(self.pending):  # most urgent first, so a stage comes after all that it needs
            if self.consider(stage):
                self.pending.remove(stage)
                (board.started if stage in self.began else board.ended)(stage)

    def collect(self, board: console.Board) -> None:
        """Record the outcome of a stage that has ended, or after a moment go on: a device may have come free."""
        try:
            stage = self.ended.get(timeout=POLL if self.pending or self.began else 0)
        except queue.Empty:
            return
        self.futures[stage].wait()  # which alone brings the final state
        state = self.futures[stage].state
        seconds = time.monotonic() - self.began.pop(stage)
        did = Did(state.name) if state.name in list(Did) else Did.FAILED
        self.outcomes[stage] = outcome = Outcome(stage, did, state.message or state.name or "", seconds)
        console.say(stage, *summary.in_words(outcome))
        board.ended(stage)

    def consider(self, stage: str) -> bool:
        """Start or settle `stage`; False when it is too early for either."""
        before = list(self.plan.graph.predecessors(stage))
        bad = [other for other in before if other in self.outcomes and not self.outcomes[other].did.good]
        failed = any(outcome.did is Did.FAILED for outcome in self.outcomes.values())
        if stage in self.plan.settled:
            return self.settle(self.plan.settled[stage])
        if bad:
            return self.settle(Outcome(stage, Did.SKIPPED, f"needs {bad[0]}"))
        if failed and not self.keep_going:
            return self.settle(Outcome(stage, Did.SKIPPED, "stopped after a failure"))
        if any(other not in self.outcomes for other in before):
            return False
        why = self.plan.reason(stage, self.outcomes)
        if why is None:
            return self.settle(Outcome(stage, Did.CACHED, UNCHANGED))
        return self.start(stage, why)

    def start(self, stage: str, why: str) -> bool:
        """Start `stage` if there is room for it, and a device if it takes one."""
        if len(self.began) >= self.jobs:
            return False
        lease = None
        if kind(stage) in ON_GPU:
            if not self.slots:
                self.tell("devices", "no GPU here: networks run on the CPU")
            elif (lease := lease_device(self.slots)) is None:
                self.tell(stage, f"waits for a device: {', '.join(self.slots)} are taken")
                return False
        self.began[stage] = time.monotonic()
        before = [self.futures[other] for other in self.plan.graph.predecessors(stage) if other in self.futures]
        future = run.with_options(task_run_name=stage, tags=tags(stage)).submit(
            stage, why, self.setting, lease, wait_for=before, return_state=False
        )
        self.futures[stage], self.ids[stage] = future, future.task_run_id
        future.add_done_callback(lambda _: self.ended.put(stage))
        return True

    def settle(self, outcome: Outcome) -> bool:
        """Record an outcome that needs no process: as a task run that has ended, without a task to run."""
        stage = outcome.stage
        self.outcomes[stage] = outcome
        record = self.client.create_task_run(
            run,
            flow_run_id=self.flow_run,
            dynamic_key=stage,
            name=stage,
            extra_tags=tags(stage),
            state=as_state(outcome),
            task_inputs={"wait_for": [TaskRunResult(id=upstream) for upstream in self.upstream_ids(stage)]},
        )
        self.ids[stage] = record.id
        return True

    def tell(self, who: str, line: str) -> None:
        """Say something once."""
        if who not in self.told:
            self.told.add(who)
            console.say(who, line)

    def upstream_ids(self, stage: str) -> list[UUID]:
        """The task runs that `stage` follows, for Prefect's picture of the graph."""
        return [self.ids[other] for other in self.plan.graph.predecessors(stage) if other in self.ids]


@flow(name="reproduce", task_runner=THREADS, persist_result=False)
def reproduce(
    targets: list[str] | None = None,
    jobs: int | None = None,
    keep_going: bool = True,
    force: bool = False,
    devices: list[str] | None = None,
    handover: exchange.Handover | None = None,
) -> State[Any]:
    """Bring `targets` (stages, groups or outputs of `dvc.yaml`; default: all) and what they need up to date, here.

    `jobs` stages run at a time (default: one a core) and share the cores. Without `keep_going` nothing new is started after a
    failure; with it, what does not need the failed stage goes on. `force` runs every stage. `devices` are the GPUs to
    use (default: those that the driver tells of). `handover` comes from a flow `nightly` elsewhere: the outputs go to it.

    Ends completed, or failed with the stage and its error as the message.
    """

    def work() -> list[Outcome]:
        wanted = targets or []
        if handover:
            exchange.receive(handover, wanted)
        pull = handover is not None and not handover.shared
        planned = PLANNED.get()
        todo = planned.result() if planned else plan(wanted, force)
        outcomes = bring_up_to_date(todo, jobs, keep_going, devices, pull)
        if handover:
            exchange.hand_over(handover, outcomes)
        return outcomes

    return concluded(work)


def concluded(work: Callable[[], list[Outcome]]) -> State[Any]:
    """Do the work of a flow, tell people and Prefect what came of it, and return the flow run's final state."""
    console.quiet_prefect()
    began = time.monotonic()
    try:
        outcomes = work()
        summary.show(outcomes, time.monotonic() - began)
        summary.publish(outcomes)
    except UserError as error:
        console.say("failed", str(error), "bold red")
        return Failed(message=str(error))
    return final_state(outcomes)


def bring_up_to_date(
    todo: Plan, jobs: int | None = None, keep_going: bool = True, slots: list[str] | None = None, pull: bool = False
) -> list[Outcome]:
    """Run a plan inside a flow; return what became of each stage."""
    jobs = jobs or cores()
    slots = devices_here(slots)
    setting = Setting(Children(), force=todo.force, pull=pull, threads=threads_each(jobs), hide_devices=bool(slots))
    with get_client(sync_client=True) as client:
        return Run(client, todo, setting, jobs, slots, keep_going)()


def final_state(outcomes: list[Outcome]) -> State[Any]:
    """The state of a flow run: failed as soon as one stage is, with that stage and its error."""
    failed = [outcome for outcome in outcomes if outcome.did is Did.FAILED]
    skipped = sum(outcome.did is Did.SKIPPED for outcome in outcomes)
    if failed:
        others = f" ({len(failed) - 1} more failed)" if len(failed) > 1 else ""
        return Failed(
            message=f"{failed[0].stage}: {failed[0].reason}{others}; {skipped} stages that need it were skipped"
        )
    return Completed(message=summary.counts(outcomes))
