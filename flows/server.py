"""Prefect's server: the one that is configured, a temporary one, and what Gatehouse keeps on it."""

import atexit
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from prefect.automations import Automation
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows import console, graph, leash
from flows.devices import found
from pipelines.errors import UserError

LOCAL = "http://127.0.0.1:4200/api"
"""Where `python -m flows server` listens: what workers and deployments use when no other server is configured."""
POOLS = ("gpu", "cpu")
DEPLOYMENTS = ("reproduce/reproduce", "nightly/nightly", "nightly/weekly-full")
SILENCE = timedelta(seconds=75)
"""How long a run may be without a heartbeat (one every 30 s) before it counts as crashed."""
ZOMBIES = "gatehouse: runs without a heartbeat have crashed"


class ServerError(UserError):
    """Prefect's server, or what ought to be on it, is not there."""


def configured() -> str | None:
    """The address that PREFECT_API_URL or Prefect's profile gives."""
    return PREFECT_API_URL.value()


@contextmanager
def answering(address: str) -> Iterator[SyncPrefectClient]:
    """A client of the server at `address`; raise `ServerError` if it does not answer."""
    with temporary_settings({PREFECT_API_URL: address}), get_client(sync_client=True) as client:
        if failure := client.api_healthcheck():
            raise ServerError(
                f"the Prefect server at {address} does not answer ({failure}): start one with `python -m flows server`, or "
                "set PREFECT_API_URL to where it is"
            )
        yield client


@contextmanager
def for_a_run() -> Iterator[None]:
    """The configured server, or a temporary one that lasts as long as the process."""
    with answering(configured() or _temporary()):
        yield


def _temporary() -> str:
    """The address of a server for this process alone, on a leash.

    It is the one that Prefect itself would start, `SubprocessASGIServer`, but for which all of the server would be
    imported here too, before its own process does: four seconds. Whoever connects before it is ready waits for it.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # Else every answer waits 40 ms: for a socket that it is given, uvicorn does not see to this.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/api"
        command = [*leash.START, sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"]
        process = subprocess.Popen(
            [*command, "--fd", str(listening.fileno()), "--log-level", "error"],
            stdin=subprocess.PIPE, pass_fds=[listening.fileno()], start_new_session=True,
            env=graph.environment(PREFECT_UI_ENABLED="0", PREFECT__SERVER_EPHEMERAL="1", PREFECT__SERVER_FINAL="1"),
        )  # fmt: skip
    atexit.register(process.communicate)  # closes the leash, after Prefect has sent what is left to send
    return address


def prefect(*arguments: str, address: str, **more: str) -> int:
    """Run one of Prefect's own commands, for the server at `address`; return its exit status."""
    environment = graph.environment(PREFECT_API_URL=address, PREFECT_CLI_PROMPT="false", **more)
    return subprocess.run([sys.executable, "-m", "prefect", *arguments], env=environment, check=False).returncode


def start(host: str, port: int) -> int:
    """Run a server until it is interrupted."""
    address = f"http://{os.uname().nodename if host == '0.0.0.0' else host}:{port}/api"
    console.screen.print(f"From another terminal or host: export PREFECT_API_URL={address}")
    return prefect("server", "start", "--host", host, "--port", str(port), address=address)


def deploy() -> int:
    """Make the pools that are missing, register what `prefect.yaml` describes, and have silent runs found out."""
    address = configured() or LOCAL
    with answering(address) as client:
        for pool in POOLS:
            try:
                client.read_work_pool(pool)
            except ObjectNotFound:
                if status := prefect("work-pool", "create", pool, "--type", "process", address=address):
                    return status
        if status := prefect("--no-prompt", "deploy", "--all", address=address):
            return status
        try:
            _ = Automation.read(name=ZOMBIES)
        except ValueError:
            _ = _watch_for_zombies().create()
    return 0


def _watch_for_zombies() -> Automation:
    """A run whose process or host is gone reports nothing any more; Prefect's way to notice is an automation."""
    beat = "prefect.flow-run.heartbeat"
    ends = {f"prefect.flow-run.{name}" for name in ("Completed", "Failed", "Cancelled", "Crashed")}
    return Automation(
        name=ZOMBIES,
        trigger=EventTrigger(
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            after={beat}, expect={beat, *ends}, for_each={"prefect.resource.id"},
            posture=Posture.Proactive, threshold=1, within=SILENCE,
        ),
        actions=[ChangeFlowRunState(
            state=StateType.CRASHED, name="Crashed", force=False,
            message=f"no sign of life for {SILENCE.seconds} s: its process or its host is gone",
        )],
    )  # fmt: skip


def worker(pool: str, name: str | None, devices: list[str] | None, limit: int) -> int:
    """Run a worker of `pool` in this folder, with at most `limit` runs at a time, until it is interrupted."""
    more = {"CUDA_VISIBLE_DEVICES": ",".join(found(devices))} if devices else {}
    address = configured() or LOCAL
    with answering(address):
        pass
    name = name or "-".join((os.uname().nodename, pool, *(devices or []), str(os.getpid())))
    options = ("--pool", pool, "--type", "process", "--name", name, "--limit", str(limit))
    return prefect("worker", "start", *options, address=address, **more)
