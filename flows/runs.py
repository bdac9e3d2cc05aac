"""Flow runs on the server: start one, wait for it, and show what it did."""

import json
import time
from typing import Any, cast
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterName,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound

from flows import console, server, summary
from flows.obstacles import of_deployment
from flows.stages import Outcome, StageStatus
from pipelines.errors import UsageError
from pipelines.printing import one_line

POLL_SECONDS = 1.0
"""Between two queries for the state of a run."""


def trigger(name: str, selected: list[str], jobs: int | None, force: bool, wait: bool) -> int:
    """Run a deployment (for the `selected` targets or tasks) and, with `wait`, show what it did; return the exit status."""
    full_name = next(deployment for deployment in server.DEPLOYMENTS if deployment.endswith(f"/{name}"))
    parameters: dict[str, Any] = {"jobs": jobs}
    if selected:
        parameters["targets" if name == "reproduce" else "tasks"] = selected
    if force:
        parameters["force"] = True
    with server.connected(server.configured() or server.LOCAL) as client:
        try:
            run = cast(FlowRun, run_deployment(full_name, parameters=parameters, timeout=0))
        except ObjectNotFound:
            raise server.ServerError(f"there is no deployment {full_name}: create it with `gatehouse deploy`") from None
        console.say(run.name, f"run {run.id}")
        if not wait:
            for line in _progress(client, run):
                console.say(run.name, line)
            return 0
        try:
            run = _wait(client, run)
        except KeyboardInterrupt:
            console.say(run.name, f"goes on without this command; `gatehouse show {run.name}` shows what it did")
            return 130
        return _show(client, run)


def _wait(client: SyncPrefectClient, run: FlowRun) -> FlowRun:
    """`run` when it has ended; prints what is new meanwhile."""
    said: list[str] = []
    while not (run.state and run.state.is_final()):
        lines = _progress(client, run)
        for line in lines:
            if line not in said:
                console.say(run.name, line)
        said = lines
        time.sleep(POLL_SECONDS)
        run = client.read_flow_run(run.id)
    return run


def _progress(client: SyncPrefectClient, run: FlowRun) -> list[str]:
    """The state of `run`, and what keeps it, or a run that it waits for, from being started."""
    state = run.state
    assert state
    if state.is_scheduled():
        waiting = [run]
    else:
        waiting = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[run.id]),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
            )
        )
    deployments = {each.deployment_id for each in waiting if each.deployment_id}
    obstacles = [obstacle for deployment in deployments for obstacle in of_deployment(client, deployment)]
    return [(state.name or "").lower(), *(f"waits: {obstacle}" for obstacle in obstacles)]


def show(name_or_id: str | None) -> int:
    """Print what that run (default: the latest) did; return 0 if it completed, else 1."""
    with server.connected(server.configured() or server.LOCAL) as client:
        selection = FlowRunFilter(start_time=FlowRunFilterStartTime(is_null_=False))
        if name_or_id:
            try:
                selection = FlowRunFilter(id=FlowRunFilterId(any_=[UUID(name_or_id)]))
            except ValueError:
                selection = FlowRunFilter(name=FlowRunFilterName(any_=[name_or_id]))
        runs = client.read_flow_runs(flow_run_filter=selection, sort=FlowRunSort.START_TIME_DESC, limit=1)
        if not runs:
            raise UsageError(f"the server has no run {name_or_id!r}" if name_or_id else "the server has no run yet")
        return _show(client, runs[0])


def _show(client: SyncPrefectClient, run: FlowRun) -> int:
    state = run.state
    assert state
    artifacts = client.read_artifacts(
        flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])),
        artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["stages", "report"])),
    )
    by_key = {artifact.key: artifact for artifact in artifacts}
    if "stages" in by_key:
        rows = json.loads(by_key["stages"].data)  # type: ignore[arg-type]
        outcomes = [
            Outcome(row["stage"], StageStatus(row["state"].capitalize()), row["why"], row["seconds"]) for row in rows
        ]
        summary.show(outcomes, run.total_run_time.total_seconds())
    if "report" in by_key:
        console.screen.print(f"report: {by_key['report'].description}")
    line = f"{run.name}: {(state.name or '').lower()}{f': {state.message}' if state.message else ''}"
    console.screen.print(one_line(line))
    return 0 if state.is_completed() else 1
