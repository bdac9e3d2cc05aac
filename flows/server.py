"""Prefect's server: the configured one or a temporary one, and the pools, deployments and automation on it."""

import atexit
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
from prefect.automations import Automation
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings
from pydantic import ValidationError

from flows import console, dvc_cli, settings, supervise
from flows.devices import available
from pipelines.errors import UserError

LOCAL = "http://127.0.0.1:4200/api"
"""Where `gatehouse server` listens by default: workers and deployments use it when no other server is configured."""
POOLS = ("gpu", "cpu")
DEPLOYMENTS = ("reproduce/reproduce", "trial/trial", "nightly/nightly", "nightly/weekly-full")
HEARTBEAT_TIMEOUT = timedelta(seconds=75)
"""How long a run may go without a heartbeat (one every 30 s) before it counts as crashed."""
CRASH_DETECTION = "gatehouse: runs without a heartbeat have crashed"
"""The name of the automation."""


class ServerError(UserError):
    """Prefect's server does not answer, or lacks something that a command needs."""

    def __init__(self, reason: str) -> None:
        super().__init__(settings.hide_credentials(reason))


def configured() -> str | None:
    """The address that PREFECT_API_URL or Prefect's profile gives; raises `UserError` if it cannot be one."""
    try:
        address = PREFECT_API_URL.value()
    except ValidationError as error:
        (first, *_) = error.errors()
        name = ".".join(map(str, (error.title, *first["loc"])))
        raise ServerError(
            f"a setting of Prefect cannot be used ({name}: {first['msg']}): correct the environment or Prefect's profile"
        ) from None
    if address:
        settings.check(address)
    return address


@contextmanager
def connected(address: str) -> Iterator[SyncPrefectClient]:
    """A client of the server at `address`; raises `ServerError` if it does not answer, or no longer."""
    with temporary_settings({PREFECT_API_URL: address}), get_client(sync_client=True) as client:
        try:
            client.api_version()
        except (httpx.HTTPError, ValueError) as failure:  # ValueError: an answer, but not of Prefect
            raise ServerError(
                f"the Prefect server at {address} does not answer ({_first_line(failure)}): start one with `gatehouse server`, "
                "or set PREFECT_API_URL to the address of one"
            ) from failure
        try:
            yield client
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            raise ServerError(
                f"the Prefect server at {address} refused a request, or no longer answers ({_first_line(error)}): "
                "`gatehouse doctor` checks it"
            ) from error


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


@contextmanager
def for_a_run() -> Iterator[None]:
    """Use the configured server, or a temporary one that ends with this process."""
    with connected(configured() or _start_temporary()):
        yield


def _start_temporary() -> str:
    """The address of a supervised server for this process alone.

    It is the server that Prefect itself would start (`SubprocessASGIServer`), but Prefect imports all of the server in
    this process before it starts the other, which takes four seconds. A connection made before it is ready waits.
    """
    _check_home()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # Without this every answer takes 40 ms more: uvicorn does not set it for a socket that it is given.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/api"
        command = [sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"]
        process = subprocess.Popen(
            [*supervise.PREFIX, *command, "--fd", str(listening.fileno()), "--log-level", "error"],
            stdin=subprocess.PIPE, pass_fds=[listening.fileno()], start_new_session=True,
            env=dvc_cli.environment(PREFECT_UI_ENABLED="0", PREFECT__SERVER_EPHEMERAL="1", PREFECT__SERVER_FINAL="1"),
        )  # fmt: skip
    atexit.register(process.communicate)  # closes its standard input, after Prefect has sent its last log lines
    return address


def _check_home() -> None:
    """Raise `ServerError` if a server cannot keep its database in Prefect's folder."""
    home = PREFECT_HOME.value()
    try:
        home.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=home).close()
    except OSError as error:
        raise ServerError(
            f"{home}: Prefect cannot write to its folder ({error.strerror}): set PREFECT_HOME to one that has room"
        ) from None


def prefect(*arguments: str, address: str, **variables: str) -> int:
    """Run one of Prefect's own commands for the server at `address`; return its exit status."""
    environment = dvc_cli.environment(PREFECT_API_URL=address, PREFECT_CLI_PROMPT="false", **variables)
    settings.prepare(environment)
    return subprocess.run([sys.executable, "-m", "prefect", *arguments], env=environment, check=False).returncode


def start(host: str, port: int) -> int:
    """Run a server until it is interrupted; raises `ServerError` if it cannot listen there."""
    _check_home()
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise ServerError(f"a server cannot listen at {host}, port {port} ({error.strerror}): choose another") from None
    address = f"http://{os.uname().nodename if host == '0.0.0.0' else host}:{port}/api"
    console.screen.print(f"From another terminal or host: export PREFECT_API_URL={address}")
    return prefect("server", "start", "--host", host, "--port", str(port), address=address)


def deploy() -> int:
    """Create the missing pools, register the deployments of `prefect.yaml`, and have crashed runs detected."""
    address = configured() or LOCAL
    with connected(address) as client:
        for pool in POOLS:
            try:
                client.read_work_pool(pool)
            except ObjectNotFound:
                if status := prefect("work-pool", "create", pool, "--type", "process", address=address):
                    return status
        if status := prefect("--no-prompt", "deploy", "--all", address=address):
            return status
        try:
            _ = Automation.read(name=CRASH_DETECTION)
        except ValueError:
            _ = _crash_detection().create()
    return 0


def _crash_detection() -> Automation:
    """An automation that marks a run as crashed when its process or host is gone and sends no heartbeats."""
    heartbeat = "prefect.flow-run.heartbeat"
    ends = {f"prefect.flow-run.{name}" for name in ("Completed", "Failed", "Cancelled", "Crashed")}
    return Automation(
        name=CRASH_DETECTION,
        trigger=EventTrigger(
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            after={heartbeat}, expect={heartbeat, *ends}, for_each={"prefect.resource.id"},
            posture=Posture.Proactive, threshold=1, within=HEARTBEAT_TIMEOUT,
        ),
        actions=[ChangeFlowRunState(
            state=StateType.CRASHED, name="Crashed", force=False,
            message=f"no heartbeat for {HEARTBEAT_TIMEOUT.seconds} s: its process or its host is gone",
        )],
    )  # fmt: skip


def worker(pool: str, name: str | None, devices: list[str] | None, limit: int) -> int:
    """Run a worker of `pool` in this folder, with at most `limit` runs at a time, until it is interrupted."""
    variables = {"CUDA_VISIBLE_DEVICES": ",".join(available(devices))} if devices else {}
    address = configured() or LOCAL
    with connected(address):
        pass
    name = name or "-".join((os.uname().nodename, pool, *(devices or []), str(os.getpid())))
    options = ("--pool", pool, "--type", "process", "--name", name, "--limit", str(limit))
    return prefect("worker", "start", *options, address=address, **variables)
