"""Runs on the server, from afar: start one, wait for it, see what it did."""

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
from flows.stages import Did, Outcome
from pipelines.errors import UsageError


def trigger(name: str, selected: list[str], jobs: int | None, force: bool, wait: bool) -> int:
    """Run a deployment (for `selected` targets or tasks); unless told otherwise wait for its end and show it."""
    full = next(deployment for deployment in server.DEPLOYMENTS if deployment.endswith(f"/{name}"))
    parameters: dict[str, Any] = {"jobs": jobs}
    if selected:
        parameters["targets" if name == "reproduce" else "tasks"] = selected
    if force:
        parameters["force"] = True
    with server.answering(server.configured() or server.LOCAL) as client:
        try:
            run = cast(FlowRun, run_deployment(full, parameters=parameters, timeout=0))
        except ObjectNotFound:
            raise server.ServerError(f"there is no deployment {full}: make it with `python -m flows deploy`") from None
        console.say(run.name, f"run {run.id}")
        told = ""
        while wait and not (run.state and run.state.is_final()):
            time.sleep(1)
            run = client.read_flow_run(run.id)
            if run.state and run.state.name != told:
                told = run.state.name or ""
                console.say(run.name, told.lower())
        return _show(client, run) if wait else 0


def show(which: str | None) -> int:
    """Print what the run of that name or id (default: the latest) did; the exit status tells whether it went well."""
    with server.answering(server.configured() or server.LOCAL) as client:
        chosen = FlowRunFilter(start_time=FlowRunFilterStartTime(is_null_=False))
        if which:
            try:
                chosen = FlowRunFilter(id=FlowRunFilterId(any_=[UUID(which)]))
            except ValueError:
                chosen = FlowRunFilter(name=FlowRunFilterName(any_=[which]))
        runs = client.read_flow_runs(flow_run_filter=chosen, sort=FlowRunSort.START_TIME_DESC, limit=1)
        if not runs:
            raise UsageError(f"the server knows no run {which!r}" if which else "the server knows no run yet")
        return _show(client, runs[0])


def _show(client: SyncPrefectClient, run: FlowRun) -> int:
    state = run.state
    assert state
    mine = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
    found = client.read_artifacts(
        flow_run_filter=mine, artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["stages", "report"]))
    )
    left = {artifact.key: artifact for artifact in found}
    if "stages" in left:
        rows = json.loads(left["stages"].data)  # type: ignore[arg-type]
        outcomes = [Outcome(row["stage"], Did(row["state"].capitalize()), row["why"], row["seconds"]) for row in rows]
        summary.show(outcomes, run.total_run_time.total_seconds())
    if "report" in left:
        console.screen.print(f"report: {left['report'].description}")
    console.screen.print(f"{run.name}: {(state.name or '').lower()}{f': {state.message}' if state.message else ''}")
    return 0 if state.is_completed() else 1
