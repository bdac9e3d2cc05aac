"""The flow `reproduce`: any part of the graph on this host, with independent stages side by side."""

import queue
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State, TaskRunResult
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from flows import console, devices, exchange, graph, summary
from flows.plan import Plan, make_plan
from flows.stages import (
    UNCHANGED,
    Outcome,
    StageProcesses,
    StageSettings,
    StageStatus,
    available_cores,
    execute,
    tags,
    takes_device,
    threads_per_stage,
)
from pipelines.errors import UserError

POLL_SECONDS = 0.5
"""Between two attempts to lease a device that another run may have released."""

THREADS: Any = ThreadPoolTaskRunner(max_workers=256)
"""A thread for every task run; how many run at a time is limited by `jobs` and the devices."""

PLANNED: ContextVar[Future[Plan] | None] = ContextVar("planned", default=None)
"""A plan that was started before the flow, while the server was starting; without one the flow makes it."""


def as_state(outcome: Outcome) -> State[Any]:
    """The final state of a stage's task run: its name says what was done, its message why."""
    if outcome.status.good:
        return Completed(name=outcome.status, message=outcome.reason)
    make = Failed if outcome.status is StageStatus.FAILED else Cancelled
    return make(name=outcome.status, message=outcome.reason)


@task(name="stage", cache_policy=NO_CACHE, persist_result=False)
def run_stage(stage: str, why: str, settings: StageSettings, lease: devices.Lease | None) -> State[Any]:
    """A stage that DVC has to check, and to run if it is out of date."""
    return as_state(execute(stage, why, settings, lease, get_run_logger().info))


class Run:
    """One pass over a plan: starts every stage that is ready while there is room, most urgent first, until none is left."""

    def __init__(
        self,
        client: SyncPrefectClient,
        plan: Plan,
        settings: StageSettings,
        jobs: int,
        gpus: list[str],
        keep_going: bool,
    ) -> None:
        self.client, self.flow_run = client, UUID(flow_run.id)
        self.plan, self.settings, self.jobs, self.gpus, self.keep_going = plan, settings, jobs, gpus, keep_going
        self.outcomes: dict[str, Outcome] = {}
        self.task_runs: dict[str, UUID] = {}
        self.futures: dict[str, PrefectFuture[Any]] = {}
        self.started_at: dict[str, float] = {}
        """The stages that are running, with their start on the monotonic clock."""
        self.ended: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.announced: set[str] = set()
        remaining = graph.remaining_seconds(plan.graph)
        self.pending = sorted(plan.graph, key=lambda stage: -remaining[stage])  # a stage comes after all that it needs

    def __call__(self) -> list[Outcome]:
        """Run all; return the outcomes in the order in which the stages ended."""
        with console.progress_bar(len(self.pending)) as bar:
            try:
                while self.pending or self.started_at:
                    self.start_ready(bar)
                    self.wait(bar)
            except BaseException:
                self.settings.processes.stop()
                raise
        return list(self.outcomes.values())

    def start_ready(self, bar: console.ProgressBar) -> None:
        """Start or settle every pending stage that is ready for it."""
        for stage in list(self.pending):
            if self.start_or_settle(stage):
                self.pending.remove(stage)
                (bar.started if stage in self.started_at else bar.ended)(stage)

    def wait(self, bar: console.ProgressBar) -> None:
        """Record the outcome of a stage that has ended; return after a moment without one: a device may be free."""
        try:
            stage = self.ended.get(timeout=POLL_SECONDS if self.pending or self.started_at else 0)
        except queue.Empty:
            return
        self.futures[stage].wait()  # only this fetches the final state
        state = self.futures[stage].state
        seconds = time.monotonic() - self.started_at.pop(stage)
        status = StageStatus(state.name) if state.name in list(StageStatus) else StageStatus.FAILED
        self.outcomes[stage] = outcome = Outcome(stage, status, state.message or state.name or "", seconds)
        console.say(stage, str(outcome), summary.STYLES[status])
        bar.ended(stage)

    def start_or_settle(self, stage: str) -> bool:
        """Start or settle `stage`; False while it is too early for either."""
        upstream = list(self.plan.graph.predecessors(stage))
        bad = [other for other in upstream if other in self.outcomes and not self.outcomes[other].status.good]
        failed = any(outcome.status is StageStatus.FAILED for outcome in self.outcomes.values())
        if stage in self.plan.settled:
            return self.settle(self.plan.settled[stage])
        if bad:
            return self.settle(Outcome(stage, StageStatus.SKIPPED, f"needs {bad[0]}"))
        if failed and not self.keep_going:
            return self.settle(Outcome(stage, StageStatus.SKIPPED, "stopped after a failure"))
        if any(other not in self.outcomes for other in upstream):
            return False
        why = self.plan.reason(stage, self.outcomes)
        if why is None:
            return self.settle(Outcome(stage, StageStatus.CACHED, UNCHANGED))
        return self.start(stage, why)

    def start(self, stage: str, why: str) -> bool:
        """Start `stage` if there is room for it, and a free device if it takes one."""
        if len(self.started_at) >= self.jobs:
            return False
        lease = None
        if takes_device(stage):
            if not self.gpus:
                self.announce("devices", "no GPU found: networks run on the CPU")
            elif (lease := devices.lease(self.gpus)) is None:
                self.announce(stage, f"waiting for a device: {', '.join(self.gpus)} are in use")
                return False
        self.started_at[stage] = time.monotonic()
        upstream = [self.futures[other] for other in self.plan.graph.predecessors(stage) if other in self.futures]
        future = run_stage.with_options(task_run_name=stage, tags=tags(stage)).submit(
            stage, why, self.settings, lease, wait_for=upstream, return_state=False
        )
        self.futures[stage], self.task_runs[stage] = future, future.task_run_id
        future.add_done_callback(lambda _: self.ended.put(stage))
        return True

    def settle(self, outcome: Outcome) -> bool:
        """Record an outcome that needs no process: as a task run that has already ended."""
        stage = outcome.stage
        self.outcomes[stage] = outcome
        upstream = [self.task_runs[other] for other in self.plan.graph.predecessors(stage) if other in self.task_runs]
        record = self.client.create_task_run(
            run_stage,
            flow_run_id=self.flow_run,
            dynamic_key=stage,
            name=stage,
            extra_tags=tags(stage),
            state=as_state(outcome),
            task_inputs={"wait_for": [TaskRunResult(id=task_run) for task_run in upstream]},  # edges in Prefect's UI
        )
        self.task_runs[stage] = record.id
        return True

    def announce(self, source: str, line: str) -> None:
        """Print a line of `source` once."""
        if source not in self.announced:
            self.announced.add(source)
            console.say(source, line)


@flow(name="reproduce", task_runner=THREADS, persist_result=False)
def reproduce(
    targets: list[str] | None = None,
    jobs: int | None = None,
    keep_going: bool = True,
    force: bool = False,
    devices: list[str] | None = None,
    handover: exchange.Handover | None = None,
) -> State[Any]:
    """Bring `targets` (stages, groups or outputs of `dvc.yaml`; default: all) and what they need up to date on this host.

    `jobs` stages run at a time (default: one per core) and share the cores. After a failure, stages that do not need the
    failed one still run; without `keep_going` nothing new is started. `force` runs every stage. `devices` are the GPUs to
    use (default: all that the driver lists). `handover` is given by a flow `nightly` on another host: the outputs go there.

    Ends completed, or failed with the first failed stage and its error as the message.
    """

    def work() -> list[Outcome]:
        if handover:
            exchange.receive(handover, targets or [])
        pull = handover is not None and not handover.shared
        planned = PLANNED.get()
        todo = planned.result() if planned else make_plan(targets or [], force)
        outcomes = bring_up_to_date(todo, jobs, keep_going, devices, pull)
        if handover:
            exchange.hand_over(handover, outcomes)
        return outcomes

    return conclude(work)


def conclude(work: Callable[[], list[Outcome]]) -> State[Any]:
    """Do the work of a flow, print and publish its summary, and return the flow run's final state."""
    console.quiet_prefect()
    start = time.monotonic()
    state: State[Any]
    try:
        outcomes = work()
        seconds = time.monotonic() - start
        summary.show(outcomes, seconds)
        summary.leave(outcomes, seconds)
        summary.publish(outcomes)
    except UserError as error:
        state = Failed(message=str(error))
    else:
        state = final_state(outcomes)
    if state.is_failed():
        console.say("failed", str(state.message), "bold red")
    return state


def bring_up_to_date(
    plan: Plan, jobs: int | None = None, keep_going: bool = True, gpus: list[str] | None = None, pull: bool = False
) -> list[Outcome]:
    """Execute a plan inside a flow; return the outcome of each stage."""
    jobs = jobs or available_cores()
    gpus = devices.available(gpus)
    settings = StageSettings(
        StageProcesses(), force=plan.force, pull=pull, threads=threads_per_stage(jobs), hide_devices=bool(gpus)
    )
    with get_client(sync_client=True) as client:
        return Run(client, plan, settings, jobs, gpus, keep_going)()


def final_state(outcomes: list[Outcome]) -> State[Any]:
    """The final state of a flow run: failed if a stage is, with the first such stage and its error as the message."""
    failed = [outcome for outcome in outcomes if outcome.status is StageStatus.FAILED]
    skipped = sum(outcome.status is StageStatus.SKIPPED for outcome in outcomes)
    if failed:
        others = f" ({len(failed) - 1} more failed)" if len(failed) > 1 else ""
        return Failed(message=f"{failed[0].stage}: {failed[0].reason}{others}; {skipped} stages were skipped")
    return Completed(message=summary.counts(outcomes))
