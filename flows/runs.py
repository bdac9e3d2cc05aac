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
    FlowRunFilterStartTime,
)
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound

from flows import console, server, summary
from flows.stages import Outcome, StageStatus
from pipelines.errors import UsageError


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
        last_state = ""
        while wait and not (run.state and run.state.is_final()):
            time.sleep(1)
            run = client.read_flow_run(run.id)
            if run.state and run.state.name != last_state:
                last_state = run.state.name or ""
                console.say(run.name, last_state.lower())
        return _show(client, run) if wait else 0


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
    console.screen.print(f"{run.name}: {(state.name or '').lower()}{f': {state.message}' if state.message else ''}")
    return 0 if state.is_completed() else 1
