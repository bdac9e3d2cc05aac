"""The flow `nightly`: one sub-run per task on a pool of workers; the results gathered, compared and made a site here."""

import json
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

from flows import console, exchange
from flows.reproduce import THREADS, Plan, bring_up_to_date, concluded, plan
from flows.server import ServerError
from flows.stages import Did, Outcome, kind
from pipelines.errors import UsageError

LAST = "compare"
"""The kind of stage up to which workers go; what follows needs every task and is made here."""
POLL = 2.0
"""Seconds between two looks at the sub-runs."""
IMPATIENCE = 30.0
"""Seconds after which a sub-run that no worker takes is worth a line."""


@dataclass
class SubRun:
    """A task on its way: its flow run, the latest if workers died, and the stages it is to bring back."""

    task: str
    stages: list[str]
    flow_run: FlowRun
    sent: float
    """Seconds on the monotonic clock."""
    attempt: int = 1
    told: str = ""

    @property
    def over(self) -> bool:
        """Whether it has ended, one way or another."""
        return self.flow_run.state is not None and self.flow_run.state.is_final()


@flow(name="nightly", task_runner=THREADS, persist_result=False)
def nightly(
    tasks: list[str] | None = None,
    force: bool = False,
    jobs: int | None = None,
    deployment: str = "reproduce/reproduce",
    attempts: int = 3,
) -> State[Any]:
    """Bring `tasks` (default: all) up to date on the workers of `deployment`, then their reports and the site here.

    A task in which nothing has changed is not sent, unless `force`. A sub-run whose worker dies is sent again, `attempts` times
    in all. Nothing that a worker has done is run here: its outputs are restored, and a stage that DVC would not
    accept as done fails instead. `jobs` is how many stages run at a time on each worker.

    Ends completed, or failed with the stage and its error as the message.
    """

    def work() -> list[Outcome]:
        due = _due(plan([], force), tasks)
        if due and exchange.remote():
            exchange.transfer("push", "--run-cache")
        settled = _elsewhere(due, {"force": force, "jobs": jobs}, deployment, attempts)
        rest = plan([f"report@{task}" for task in tasks or []])
        return bring_up_to_date(replace(rest, settled=_accept(settled, rest)))

    return concluded(work)


def _elsewhere(
    due: dict[str, list[str]], parameters: dict[str, Any], deployment: str, attempts: int
) -> dict[str, Outcome]:
    """Have every task done by a worker; the outcomes of their stages as seen from here, their results taken over."""
    with get_client(sync_client=True) as client:
        subruns = [SubRun(task, stages, *_send(task, parameters, deployment)) for task, stages in due.items()]
        try:
            while not all(subrun.over for subrun in subruns):
                time.sleep(POLL)
                for subrun in subruns:
                    if not subrun.over:
                        _look(client, subrun, parameters, deployment, attempts)
        except BaseException:
            for subrun in subruns:
                if not subrun.over:
                    client.set_flow_run_state(subrun.flow_run.id, Cancelling())
            raise
        return {outcome.stage: outcome for subrun in subruns for outcome in _gather(client, subrun)}


def _due(whole: Plan, tasks: Sequence[str] | None) -> dict[str, list[str]]:
    """The tasks with something to do, each with the stages up to its comparison."""
    import networkx

    known = [stage.partition("@")[2] for stage in whole.graph if kind(stage) == LAST]
    for task in tasks or []:
        if task not in known:
            raise UsageError(f"there is no task {task!r}; the tasks are {', '.join(known)}")
    due = {}
    for task in tasks or known:
        last = f"{LAST}@{task}"
        stages = [last, *sorted(networkx.ancestors(whole.graph, last))]
        if whole.force or any(stage in whole.changed for stage in stages):
            due[task] = stages
        else:
            console.say(task, "nothing changed: not sent to a worker")
    return due


def _send(task: str, parameters: dict[str, Any], deployment: str) -> tuple[FlowRun, float]:
    handover = exchange.Handover(workspace=exchange.workspace(), task=task, fingerprint=exchange.fingerprint(task))
    parameters = {**parameters, "targets": [f"{LAST}@{task}"], "handover": handover.model_dump()}
    try:
        sent = run_deployment(deployment, parameters=parameters, flow_run_name=task, tags=[task], timeout=0)
    except ObjectNotFound:
        raise ServerError(f"there is no deployment {deployment}: make it with `python -m flows deploy`") from None
    flow_run = cast(FlowRun, sent)  # there is no event loop here, so it is not a coroutine
    console.say(task, f"sent to the workers as {flow_run.id}")
    return flow_run, time.monotonic()


def _look(
    client: SyncPrefectClient, subrun: SubRun, parameters: dict[str, Any], deployment: str, attempts: int
) -> None:
    """See how a sub-run is getting on; send it again if its worker died."""
    subrun.flow_run = client.read_flow_run(subrun.flow_run.id)
    state = subrun.flow_run.state
    assert state
    if not state.is_scheduled():
        _tell(subrun, f"{(state.name or '').lower()}{f': {state.message}' if state.message else ''}")
    elif time.monotonic() - subrun.sent > IMPATIENCE:
        _tell(subrun, "no worker has taken it yet; start one with `python -m flows worker gpu`")
    if state.is_crashed() and subrun.attempt < attempts:
        subrun.attempt += 1
        _tell(subrun, f"its worker died: attempt {subrun.attempt} of {attempts}")
        subrun.flow_run, subrun.sent = _send(subrun.task, parameters, deployment)


def _tell(subrun: SubRun, line: str) -> None:
    if line != subrun.told:
        subrun.told = line
        console.say(subrun.task, line)


def _gather(client: SyncPrefectClient, subrun: SubRun) -> Iterable[Outcome]:
    """Take what a sub-run has handed over into this workspace; its outcomes, as seen from here."""
    found = client.read_artifacts(
        artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["handover"])),
        flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[subrun.flow_run.id])),
    )
    state = subrun.flow_run.state
    if not found:
        yield Outcome(subrun.stages[0], Did.FAILED, f"its worker: {state.message if state else 'no answer'}")
        for stage in subrun.stages[1:]:
            yield Outcome(stage, Did.SKIPPED, "its worker left no results")
        return
    data = json.loads(str(found[0].data))
    if "lock" in data:
        exchange.adopt(data)
    for outcome in (Outcome(**fields) for fields in data["outcomes"]):
        did = Did(outcome.did)
        where = f"on {data['where']}"
        if did.good:
            seconds = f" in {outcome.seconds:.1f} s" if did is Did.RAN else ""
            yield Outcome(outcome.stage, Did.RESTORED, f"{did.lower()} {where}{seconds}")
        else:
            yield Outcome(outcome.stage, did, f"{outcome.reason} ({where})")


def _accept(settled: dict[str, Outcome], rest: Plan) -> dict[str, Outcome]:
    """`settled`, but failed where DVC sees a difference here: what a worker has done is never run a second time."""
    return {
        stage: Outcome(stage, Did.FAILED, f"{outcome.reason}, but here {rest.changed[stage]}")
        if outcome.did.good and stage in rest.changed
        else outcome
        for stage, outcome in settled.items()
    }
