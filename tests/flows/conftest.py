"""A real Prefect server, real workers, and a toy graph in a real copy of the project."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT, copy_project

# A shell that starts the tests in the background has them, and what they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

HERE = Path(__file__).parent
PREFECT_SETTINGS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    "PREFECT_UI_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """What `condition` returns as soon as that is true; a failed test after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.3)
    pytest.fail(f"after {seconds:.0f} s still not: {what}")


def environment(**more: str) -> dict[str, str]:
    inherited = {
        k: v
        for k, v in os.environ.items()
        if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "CUDA_VISIBLE_DEVICES")
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**inherited, "PATH": path, "DVC_NO_ANALYTICS": "1", **PREFECT_SETTINGS, **more}


@contextmanager
def process(command: list[str], log: Path, cwd: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, which has ended (all of it) when the block is left."""
    with log.open("ab") as out:
        started = subprocess.Popen(
            command, cwd=cwd, env=environment(**more), stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.send_signal(signal.SIGINT)
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()


@dataclass(frozen=True)
class Server:
    """A real Prefect server with its own home folder."""

    address: str
    home: Path

    @property
    def settings(self) -> dict[str, str]:
        return {"PREFECT_API_URL": self.address, "PREFECT_HOME": str(self.home)}

    def ask(self, path: str, **query: Any) -> Any:
        answer = httpx.post(f"{self.address}/{path}/filter", json=query, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def runs_of(self, flow: str) -> list[Any]:
        """Those that have started, the latest first."""
        runs = self.ask("flow_runs", flows={"name": {"any_": [flow]}}, sort="START_TIME_DESC")
        return [run for run in runs if run["start_time"]]

    def stages_of(self, flow_run: str) -> dict[str, Any]:
        """The task runs of a flow run, by name."""
        found = self.ask("task_runs", flow_runs={"id": {"any_": [flow_run]}})
        return {task["name"]: task for task in found}

    def remove_pool(self, name: str) -> None:
        httpx.delete(f"{self.address}/work_pools/{name}", timeout=30)

    def remove_deployment(self, name: str) -> None:
        for found in self.ask("deployments", deployments={"name": {"any_": [name]}}):
            httpx.delete(f"{self.address}/deployments/{found['id']}", timeout=30).raise_for_status()

    def cancel(self, flow_run: str) -> None:
        state = {"state": {"type": "CANCELLING"}}
        httpx.post(f"{self.address}/flow_runs/{flow_run}/set_state", json=state, timeout=30).raise_for_status()

    def log_of(self, **query: Any) -> str:
        return "\n".join(line["message"] for line in self.ask("logs", logs=query, sort="TIMESTAMP_ASC"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    port = free_port()
    found = Server(f"http://127.0.0.1:{port}/api", folder / "home")
    command = [sys.executable, "-m", "flows", "server", "--port", str(port)]
    with process(command, folder / "log", ROOT, PREFECT_HOME=str(found.home)):

        def up() -> bool:
            try:
                return httpx.get(f"{found.address}/health", timeout=5).status_code == 200
            except httpx.TransportError:
                return False

        until(up, 90, f"a server at {found.address}: {(folder / 'log').read_text()}")
        yield found


@dataclass(frozen=True)
class Toy:
    """A copy of the project whose graph is the toy one."""

    folder: Path
    diary: Path
    settings: dict[str, str]

    def flows(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flows", *arguments],
            cwd=self.folder, env=environment(**self.settings, **more),
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    def start(self, *arguments: str, log: Path, **more: str) -> Any:
        return process([sys.executable, "-m", "flows", *arguments], log, self.folder, **self.settings, **more)

    def dvc(self, *arguments: str) -> str:
        return subprocess.run(
            ["dvc", *arguments],
            cwd=self.folder,
            env=environment(**self.settings),
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.diary.read_text().splitlines()] if self.diary.exists() else []

    def ran(self) -> list[str]:
        return [event["stage"] for event in self.events() if event["event"] == "ended"]

    def forget(self) -> None:
        self.diary.unlink(missing_ok=True)

    def set(self, what: str, stage: str, value: str = "") -> None:
        path = self.folder / what / stage
        path.parent.mkdir(exist_ok=True)
        path.write_text(value)

    def unset(self, what: str, stage: str) -> None:
        (self.folder / what / stage).unlink()

    def commit(self) -> None:
        for command in (["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "t"]):
            subprocess.run(["git", *command], cwd=self.folder, check=True)

    def clone(self, folder: Path) -> "Toy":
        subprocess.run(["git", "clone", "-q", str(self.folder), str(folder)], check=True)
        return Toy(folder, self.diary, self.settings)


@pytest.fixture(scope="session")
def toy_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = copy_project(tmp_path_factory.mktemp("toy"))
    shutil.copyfile(HERE / "toy.yaml", project / "dvc.yaml")
    shutil.copyfile(HERE / "toy.py", project / "toy.py")
    (project / "word").write_text("once")
    Toy(project, project / "diary", {}).commit()
    return project


@pytest.fixture
def toy(toy_template: Path, tmp_path: Path, server: Server) -> Toy:
    diary = tmp_path / "diary"
    settings = {"TOY_DIARY": str(diary), **server.settings}
    return Toy(toy_template, diary, settings).clone(tmp_path / "toy")


@pytest.fixture
def background() -> Iterator[ExitStack]:
    """Processes entered here end with the test."""
    with ExitStack() as stack:
        yield stack
