"""The flow `nightly`: one sub-run per task on a pool of workers, then the reports and the site on this host."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State

from flows import console, dvc_cli, exchange, subruns
from flows.plan import Plan, make_plan
from flows.reproduce import THREADS, bring_up_to_date, conclude
from flows.stages import CODE, Outcome, StageStatus, kind
from flows.subruns import SubRun
from pipelines.errors import UsageError, UserError

LAST = "compare"
"""The last kind of stage that workers run; the stages after it need every task and run on the parent's host."""


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
        sent = [
            subruns.send(task, stages, deployment, {**parameters, **_handover(task)}) for task, stages in due.items()
        ]
        ended = list(subruns.ended(client, sent, attempts))
        return {outcome.stage: outcome for subrun in ended for outcome in _adopt(client, subrun)}


def _handover(task: str) -> dict[str, Any]:
    handover = exchange.Handover(workspace=exchange.workspace(), task=task, fingerprint=exchange.fingerprint(task))
    return {"targets": [f"{LAST}@{task}"], "handover": handover.model_dump()}


def _adopt(client: SyncPrefectClient, subrun: SubRun) -> Iterable[Outcome]:
    """Adopt what a sub-run has handed over; yield the outcomes of its stages as seen from here."""
    handed_over = subruns.artifacts(client, subrun, "handover")
    state = subrun.flow_run.state
    if not handed_over:
        yield from _lost(subrun, f"its worker: {state.message if state else 'no answer'}")
        return
    try:
        results = exchange.handed_over(handed_over[0], subrun.stages)
        if results.lock:
            exchange.adopt(results)
    except UserError as error:
        console.say(subrun.name, str(error), "red")
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
