"""What keeps runs from starting, on a real server: named by the doctor, and by `trigger` while it waits."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID, uuid4

import httpx
import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelled, Running

from flows import doctor, obstacles, runs
from flows import server as flows_server
from flows.reproduce import run_stage
from tests.flows.conftest import Server


@flow(name="waits")
def waits() -> None:
    """Never run."""


@pytest.fixture
def client(server: Server) -> Iterator[SyncPrefectClient]:
    with temporary_settings({PREFECT_API_URL: server.address}), get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def pool(client: SyncPrefectClient) -> str:
    """A pool with a worker that lately asked for work."""
    name = f"pool-{uuid4()}"
    client.create_work_pool(WorkPoolCreate(name=name, type="process"))
    client.send_worker_heartbeat(name, "busy")
    return name


@pytest.fixture
def deployment(client: SyncPrefectClient, pool: str, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """The one deployment that `trigger` knows."""
    monkeypatch.setattr(flows_server, "DEPLOYMENTS", ("waits/waits",))
    return client.create_deployment(client.create_flow(waits), name="waits", work_pool_name=pool)


def change(server: Server, pool: str, what: str) -> str:
    """Make an obstacle in the pool; return the reason that is to be named."""
    queue = f"{server.address}/work_pools/{pool}/queues/default"
    address, change, reason = {
        "pool paused": (f"{server.address}/work_pools/{pool}", {"is_paused": True}, f"the pool {pool} is paused"),
        "pool limit": (
            f"{server.address}/work_pools/{pool}", {"concurrency_limit": 0}, f"the pool {pool} has a concurrency limit of 0"
        ),
        "queue paused": (queue, {"is_paused": True}, f"the queue default of the pool {pool} is paused"),
        "queue limit": (
            queue, {"concurrency_limit": 0}, f"the queue default of the pool {pool} has a concurrency limit of 0"
        ),
    }[what]  # fmt: skip
    httpx.patch(address, json=change, timeout=30).raise_for_status()
    return reason


@pytest.mark.parametrize("what", ["pool paused", "pool limit", "queue paused", "queue limit"])
def test_trigger_and_doctor_name_what_keeps_a_run_waiting(
    client: SyncPrefectClient,
    server: Server,
    pool: str,
    deployment: UUID,
    capsys: pytest.CaptureFixture[str],
    what: str,
) -> None:
    assert obstacles.of_deployment(client, deployment) == []
    reason = change(server, pool, what)
    (finding,) = doctor._pool(client, pool)
    assert (finding.passed, f"the {finding.subject} {finding.detail}") == (False, reason)
    assert finding.remedy.startswith("prefect work-")
    assert runs.trigger("waits", [], None, False, wait=False) == 0
    assert f"waits: {reason}: {finding.remedy}" in capsys.readouterr().out


def test_trigger_says_once_that_a_pool_has_no_worker_and_waits_until_the_run_ends(
    client: SyncPrefectClient,
    server: Server,
    deployment: UUID,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pool = f"empty-{uuid4()}"
    client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
    client.create_deployment(client.create_flow(waits), name="waits", work_pool_name=pool)
    polls = 0

    def sleep(seconds: float) -> None:
        nonlocal polls
        polls += 1
        if polls == 2:
            for run in server.ask("flow_runs", deployments={"id": {"any_": [str(deployment)]}}):
                client.set_flow_run_state(run["id"], Cancelled(), force=True)

    monkeypatch.setattr("flows.runs.time.sleep", sleep)
    assert runs.trigger("waits", [], None, False, wait=True) == 1
    said = capsys.readouterr().out
    assert said.count(f"waits: the pool {pool} has no worker: gatehouse worker {pool}") == 1
    assert "cancelled" in said

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flows.runs.time.sleep", interrupt)
    assert runs.trigger("waits", [], None, False, wait=True) == 130
    assert "goes on without this command; `gatehouse show " in capsys.readouterr().out


def test_trigger_names_what_keeps_a_run_waiting_that_the_run_has_sent(
    client: SyncPrefectClient, server: Server, pool: str, deployment: UUID
) -> None:
    reason = change(server, pool, "pool paused")
    parent = client.create_flow_run_from_deployment(deployment, state=Running())
    sent = client.create_task_run(run_stage, flow_run_id=parent.id, dynamic_key="0", state=Running())
    assert runs._progress(client, client.read_flow_run(parent.id)) == ["running"]
    client.create_flow_run_from_deployment(deployment, parent_task_run_id=sent.id)
    assert [line.startswith(f"waits: {reason}") for line in runs._progress(client, parent)] == [False, True]


def test_doctor_names_a_paused_deployment_and_one_whose_pool_was_removed(
    client: SyncPrefectClient, server: Server, pool: str, deployment: UUID
) -> None:
    assert doctor._deployment(client, "waits/waits").passed is True
    client.pause_deployment(deployment)
    paused = doctor._deployment(client, "waits/waits")
    assert (paused.passed, paused.remedy) == (None, "gatehouse deploy")
    assert "its schedule starts no run" in paused.detail
    server.remove_pool(pool)
    assert doctor._deployment(client, "waits/waits").passed is False
    (obstacle,) = obstacles.of_deployment(client, deployment)
    assert str(obstacle) == "the deployment waits has no pool any more: gatehouse deploy"


def test_a_server_that_stops_answering_is_one_sentence(server: Server) -> None:
    with (
        pytest.raises(flows_server.ServerError, match=r"no longer answers .*broken off"),
        flows_server.connected(server.address),
    ):
        raise httpx.ReadError("broken off")


@pytest.mark.parametrize("answer", [b"<html>", b""])
def test_a_server_that_is_not_prefects_is_one_sentence(answer: bytes) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        with (
            pytest.raises(flows_server.ServerError, match="does not answer"),
            flows_server.connected(f"http://127.0.0.1:{other.server_port}/api"),
        ):
            pass
        other.shutdown()
