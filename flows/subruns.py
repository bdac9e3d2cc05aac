"""Sub-runs: flow runs that a parent run sends to workers, watches, and sends again when their worker dies."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey, FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling

from flows import console
from flows.obstacles import of_deployment
from flows.server import ServerError

POLL_SECONDS = 2.0
"""Between two queries for the state of the sub-runs."""
UNCLAIMED_AFTER = 30.0
"""Seconds after which a sub-run that no worker has taken is reported."""


@dataclass
class SubRun:
    """What was sent to the workers: its flow run (the latest, if workers died), and what it has to bring back."""

    name: str
    """The task, or the point of a sweep."""
    stages: list[str]
    """Stages that it has to bring back; none of a point."""
    flow_run: FlowRun
    sent_at: float
    """Seconds on the monotonic clock."""
    deployment: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
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
            console.say(self.name, line)


def send(name: str, stages: list[str], deployment: str, parameters: dict[str, Any]) -> SubRun:
    """Have the workers of `deployment` run it with these parameters; raise `ServerError` if there is no such deployment."""
    return SubRun(name, stages, _create(name, deployment, parameters), time.monotonic(), deployment, parameters)


def ended(client: SyncPrefectClient, sent: Sequence[SubRun], attempts: int) -> Iterator[SubRun]:
    """Each sub-run when it has ended; one whose worker died is sent again, up to `attempts` times in all.

    Left before the last has ended, it cancels the others.
    """
    waiting = list(sent)
    try:
        while waiting:
            time.sleep(POLL_SECONDS)
            for subrun in list(waiting):
                _check(client, subrun, attempts)
                if subrun.ended:
                    waiting.remove(subrun)
                    yield subrun
    except BaseException:
        for subrun in waiting:
            client.set_flow_run_state(subrun.flow_run.id, Cancelling())
        raise


def artifacts(client: SyncPrefectClient, subrun: SubRun, key: str) -> list[str]:
    """The contents of the artifacts that a sub-run has left under `key`."""
    found = client.read_artifacts(
        artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])),
        flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[subrun.flow_run.id])),
    )
    return [str(artifact.data) for artifact in found]


def _create(name: str, deployment: str, parameters: dict[str, Any]) -> FlowRun:
    try:
        created = run_deployment(deployment, parameters=parameters, flow_run_name=name, tags=[name], timeout=0)
    except ObjectNotFound:
        raise ServerError(f"there is no deployment {deployment}: create it with `gatehouse deploy`") from None
    flow_run = cast(FlowRun, created)  # not a coroutine, because no event loop runs here
    console.say(name, f"sent to the workers as {flow_run.id}")
    return flow_run


def _check(client: SyncPrefectClient, subrun: SubRun, attempts: int) -> None:
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
        subrun.flow_run = _create(subrun.name, subrun.deployment, subrun.parameters)
        subrun.sent_at = time.monotonic()
