"""The flow `nightly`: one sub-run per task on a pool of workers, then the reports and the site on this host."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey, FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling

from flows import console, dvc_cli, exchange
from flows.obstacles import of_deployment
from flows.plan import Plan, make_plan
from flows.reproduce import THREADS, bring_up_to_date, conclude
from flows.server import ServerError
from flows.stages import CODE, Outcome, StageStatus, kind
from pipelines.errors import UsageError, UserError

LAST = "compare"
"""The last kind of stage that workers run; the stages after it need every task and run on the parent's host."""
POLL_SECONDS = 2.0
"""Between two queries for the state of the sub-runs."""
UNCLAIMED_AFTER = 30.0
"""Seconds after which a sub-run that no worker has taken is reported."""


@dataclass
class SubRun:
    """A task that was sent to the workers: its flow run (the latest, if workers died) and the stages it has to bring back."""

    task: str
    stages: list[str]
    flow_run: FlowRun
    sent_at: float
    """Seconds on the monotonic clock."""
    attempt: int = 1
    last_line: str = ""

    @property
    def ended(self) -> bool:
        """Whether its flow run is in a final state."""
        return self.flow_run.state is not None and self.flow_run.state.is_final()

    def say(self, line: str) -> None:
        """Print a line unless it is the last one again."""
        if line != self.last_line:
            self.last_line = line
            console.say(self.task, line)


@flow(name="nightly", task_runner=THREADS, persist_result=False)
def nightly(
    tasks: list[str] | None = None,
    force: bool = False,
    jobs: int | None = None,
    deployment: str = "reproduce/reproduce",
    attempts: int = 3,
) -> State[Any]:
    """Bring `tasks` (default: all) up to date on the workers of `deployment`, then their reports and the site here.

    A task in which nothing has changed is not sent, unless `force`. A sub-run whose worker dies is sent again, up to
    `attempts` times in all. What a worker has done is not run here: its outputs are restored, and a stage that DVC does
    not accept as done fails instead. `jobs` is the number of stages that run at a time on each worker.

    Ends completed, or failed with the first failed stage and its error as the message.
    """

    def work() -> list[Outcome]:
        plan = make_plan([], force)
        due = _due(plan, tasks)
        if due and dvc_cli.default_remote():
            exchange.transfer("push", "--run-cache")
        by_workers = _run_on_workers(due, {"force": force, "jobs": jobs}, deployment, attempts)
        rest = make_plan([f"report@{task}" for task in tasks or []])
        settled = {**plan.settled, **rest.settled, **_verified(by_workers, rest)}
        return bring_up_to_date(replace(rest, settled=settled))

    return conclude(work)


def _due(plan: Plan, tasks: Sequence[str] | None) -> dict[str, list[str]]:
    """The tasks with something to do, each with its stages up to the comparison. `code` runs on every host by itself."""
    import networkx

    known = [stage.partition("@")[2] for stage in plan.graph if kind(stage) == LAST]
    for task in tasks or []:
        if task not in known:
            raise UsageError(f"there is no task {task!r}; the tasks are {', '.join(known)}")
    due = {}
    for task in tasks or known:
        last = f"{LAST}@{task}"
        stages = [last, *sorted(networkx.ancestors(plan.graph, last) - {CODE})]
        if plan.force or any(stage in plan.changed for stage in stages):
            due[task] = stages
        else:
            console.say(task, "nothing changed: not sent to a worker")
    return due


def _run_on_workers(
    due: dict[str, list[str]], parameters: dict[str, Any], deployment: str, attempts: int
) -> dict[str, Outcome]:
    """Have workers do every task of `due`, adopt the results, and return the outcome of each stage."""
    with get_client(sync_client=True) as client:
        subruns = [SubRun(task, stages, *_send(task, parameters, deployment)) for task, stages in due.items()]
        try:
            while not all(subrun.ended for subrun in subruns):
                time.sleep(POLL_SECONDS)
                for subrun in subruns:
                    if not subrun.ended:
                        _check(client, subrun, parameters, deployment, attempts)
        except BaseException:
            for subrun in subruns:
                if not subrun.ended:
                    client.set_flow_run_state(subrun.flow_run.id, Cancelling())
            raise
        return {outcome.stage: outcome for subrun in subruns for outcome in _adopt(client, subrun)}


def _send(task: str, parameters: dict[str, Any], deployment: str) -> tuple[FlowRun, float]:
    handover = exchange.Handover(workspace=exchange.workspace(), task=task, fingerprint=exchange.fingerprint(task))
    parameters = {**parameters, "targets": [f"{LAST}@{task}"], "handover": handover.model_dump()}
    try:
        created = run_deployment(deployment, parameters=parameters, flow_run_name=task, tags=[task], timeout=0)
    except ObjectNotFound:
        raise ServerError(f"there is no deployment {deployment}: create it with `gatehouse deploy`") from None
    flow_run = cast(FlowRun, created)  # not a coroutine, because no event loop runs here
    console.say(task, f"sent to the workers as {flow_run.id}")
    return flow_run, time.monotonic()


def _check(
    client: SyncPrefectClient, subrun: SubRun, parameters: dict[str, Any], deployment: str, attempts: int
) -> None:
    """Update the state of a sub-run; send it again if its worker died."""
    subrun.flow_run = client.read_flow_run(subrun.flow_run.id)
    state = subrun.flow_run.state
    assert state
    if not state.is_scheduled():
        subrun.say(f"{(state.name or '').lower()}{f': {state.message}' if state.message else ''}")
    elif time.monotonic() - subrun.sent_at > UNCLAIMED_AFTER:
        assert subrun.flow_run.deployment_id
        obstacles = of_deployment(client, subrun.flow_run.deployment_id)
        subrun.say("; ".join(["no worker has taken it yet", *map(str, obstacles)]))
    if state.is_crashed() and subrun.attempt < attempts:
        subrun.attempt += 1
        subrun.say(f"its worker died: attempt {subrun.attempt} of {attempts}")
        subrun.flow_run, subrun.sent_at = _send(subrun.task, parameters, deployment)


def _adopt(client: SyncPrefectClient, subrun: SubRun) -> Iterable[Outcome]:
    """Adopt what a sub-run has handed over; yield the outcomes of its stages as seen from here."""
    handed_over = client.read_artifacts(
        artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["handover"])),
        flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[subrun.flow_run.id])),
    )
    state = subrun.flow_run.state
    if not handed_over:
        yield from _lost(subrun, f"its worker: {state.message if state else 'no answer'}")
        return
    try:
        results = exchange.handed_over(str(handed_over[0].data), subrun.stages)
        if results.lock:
            exchange.adopt(results)
    except UserError as error:
        console.say(subrun.task, str(error), "red")
        yield from _lost(subrun, str(error))
        return
    where = f"on {results.where}"
    for outcome in results.outcomes:
        if outcome.status.good:
            seconds = f" in {outcome.seconds:.1f} s" if outcome.status is StageStatus.RAN else ""
            yield Outcome(outcome.stage, StageStatus.RESTORED, f"{outcome.status.lower()} {where}{seconds}")
        else:
            yield replace(outcome, reason=f"{outcome.reason} ({where})", seconds=0.0)
    for stage in set(subrun.stages) - {outcome.stage for outcome in results.outcomes}:
        yield Outcome(stage, StageStatus.SKIPPED, "its worker did not hand it over")


def _lost(subrun: SubRun, reason: str) -> Iterable[Outcome]:
    """The outcomes of a sub-run from which nothing was adopted."""
    yield Outcome(subrun.stages[0], StageStatus.FAILED, reason)
    for stage in subrun.stages[1:]:
        yield Outcome(stage, StageStatus.SKIPPED, "nothing was adopted from its worker")


def _verified(by_workers: dict[str, Outcome], rest: Plan) -> dict[str, Outcome]:
    """`by_workers`, but failed where DVC sees a difference here: what a worker has done is not run a second time."""
    return {
        stage: Outcome(stage, StageStatus.FAILED, f"{outcome.reason}, but here {rest.changed[stage]}")
        if outcome.status.good and stage in rest.changed
        else outcome
        for stage, outcome in by_workers.items()
    }
