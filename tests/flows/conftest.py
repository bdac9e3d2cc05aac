"""A real Prefect server, real workers, and a toy graph in a real copy of the project."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT, copy_project

# A shell that starts the tests in the background makes them, and what they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

HERE = Path(__file__).parent
PREFECT_SETTINGS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    "PREFECT_UI_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}


KINDS = ("collect", "train", "compare", "report")
Flows = Callable[..., subprocess.CompletedProcess[str]]
Inside = Callable[["Toy"], AbstractContextManager[None]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], Any], seconds: float, expected: str, interval: float = 0.3) -> Any:
    """Wait until `condition` returns something true, and return that; fail the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(interval)
    pytest.fail(f"after {seconds:.0f} s still not true: {expected}")


def environment(**variables: str) -> dict[str, str]:
    not_inherited = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "CUDA_VISIBLE_DEVICES")
    inherited = {name: value for name, value in os.environ.items() if name not in not_inherited}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**inherited, "PATH": path, "DVC_NO_ANALYTICS": "1", **PREFECT_SETTINGS, **variables}


@contextmanager
def process(command: list[str], log: Path, cwd: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process in its own process group, all of which has ended when the block is left."""
    with log.open("ab") as out:
        started = subprocess.Popen(
            command, cwd=cwd, env=environment(**variables), stdout=out, stderr=subprocess.STDOUT, start_new_session=True
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
        """The runs that have started, the latest first."""
        runs = self.ask("flow_runs", flows={"name": {"any_": [flow]}}, sort="START_TIME_DESC")
        return [run for run in runs if run["start_time"]]

    def stages_of(self, flow_run: str) -> dict[str, Any]:
        """The task runs of a flow run, by name."""
        task_runs = self.ask("task_runs", flow_runs={"id": {"any_": [flow_run]}})
        return {task_run["name"]: task_run for task_run in task_runs}

    def remove_pool(self, name: str) -> None:
        httpx.delete(f"{self.address}/work_pools/{name}", timeout=30)

    def remove_deployment(self, name: str) -> None:
        for deployment in self.ask("deployments", deployments={"name": {"any_": [name]}}):
            httpx.delete(f"{self.address}/deployments/{deployment['id']}", timeout=30).raise_for_status()

    def cancel(self, flow_run: str) -> None:
        state = {"state": {"type": "CANCELLING"}}
        httpx.post(f"{self.address}/flow_runs/{flow_run}/set_state", json=state, timeout=30).raise_for_status()

    def log_of(self, **query: Any) -> str:
        return "\n".join(line["message"] for line in self.ask("logs", logs=query, sort="TIMESTAMP_ASC"))


def made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Any]) -> Path:
    """The folder that `make` creates, once for all test processes of a session."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            make(partial := shared / f"{name}.partial")
            partial.rename(folder)
    return folder


@pytest.fixture(scope="session")
def prefect_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty Prefect database; its hundred migrations take ten seconds of processor time."""

    def migrate(home: Path) -> None:
        command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"]
        subprocess.run(command, env=environment(PREFECT_HOME=str(home)), check=True, capture_output=True)

    return made_once(tmp_path_factory, "prefect", migrate) / "prefect.db"


@pytest.fixture
def prefect_home(prefect_database: Path, tmp_path: Path) -> Path:
    """A Prefect home folder that no server uses yet."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(prefect_database, home)
    return home


@pytest.fixture(scope="session")
def server(prefect_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(prefect_database, folder)
    port = free_port()
    started = Server(f"http://127.0.0.1:{port}/api", folder)
    command = [sys.executable, "-m", "flows", "server", "--port", str(port)]
    with process(command, folder / "log", ROOT, PREFECT_HOME=str(folder)):

        def is_up() -> bool:
            try:
                return httpx.get(f"{started.address}/health", timeout=5).status_code == 200
            except httpx.TransportError:
                return False

        until(is_up, 90, f"a server answers at {started.address}: {(folder / 'log').read_text()}")
        yield started


@dataclass(frozen=True)
class Toy:
    """A copy of the project whose graph is the toy one."""

    folder: Path
    diary: Path
    settings: dict[str, str]

    def flows(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """`python -m flows` in its own process; the fixture `run_flows` is faster."""
        return subprocess.run(
            [sys.executable, "-m", "flows", *arguments],
            cwd=self.folder, env=environment(**self.settings, **variables),
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    def start(self, *arguments: str, log: Path, **variables: str) -> Any:
        command = [sys.executable, "-m", "flows", *arguments]
        return process(command, log, self.folder, **self.settings, **variables)

    def dvc(self, *arguments: str) -> str:
        return subprocess.run(
            ["dvc", *arguments],
            cwd=self.folder,
            env=environment(**self.settings),
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def is_up_to_date(self) -> bool:
        return self.dvc("status").strip() == "Data and pipelines are up to date."

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.diary.read_text().splitlines()] if self.diary.exists() else []

    def ran(self) -> list[str]:
        """The stages that have ended, in order."""
        return [event["stage"] for event in self.events() if event["event"] == "ended"]

    def has_started(self, stage: str) -> bool:
        return any(event["stage"] == stage for event in self.events())

    def clear_diary(self) -> None:
        self.diary.unlink(missing_ok=True)

    def set(self, folder: str, stage: str, value: str = "") -> None:
        path = self.folder / folder / stage
        path.parent.mkdir(exist_ok=True)
        path.write_text(value)

    def unset(self, folder: str, stage: str) -> None:
        (self.folder / folder / stage).unlink()

    def write_source(self, kind: str, text: str) -> None:
        (self.folder / "source" / f"{kind}.py").write_text(text)

    def commit(self) -> None:
        for command in (["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "t"]):
            subprocess.run(["git", *command], cwd=self.folder, check=True)

    def clone(self, folder: Path) -> "Toy":
        """A Git clone, without outputs and DVC's cache."""
        subprocess.run(["git", "clone", "-q", str(self.folder), str(folder)], check=True)
        return replace(self, folder=folder)

    def copy(self, folder: Path) -> "Toy":
        """A copy of the whole folder, with the outputs and DVC's cache."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return replace(self, folder=folder)

    def using(self, diary: Path, server: Server) -> "Toy":
        return replace(self, diary=diary, settings={"TOY_DIARY": str(diary), **server.settings})


@pytest.fixture(scope="session")
def new_template(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    def make(folder: Path) -> None:
        project = copy_project(folder / "toy")
        shutil.copyfile(HERE / "toy.yaml", project / "dvc.yaml")
        shutil.copyfile(HERE / "toy.py", project / "toy.py")
        (project / "word").write_text("once")
        (project / "source").mkdir()
        for kind in KINDS:
            (project / "source" / f"{kind}.py").write_text("CONSTANT = 1\n")
        template(folder).commit()

    return template(made_once(tmp_path_factory, "new", make))


@pytest.fixture(scope="session")
def done_template(new_template: Toy, tmp_path_factory: pytest.TempPathFactory) -> Toy:
    def make(folder: Path) -> None:
        new_template.clone(folder / "toy")
        template(folder).dvc("repro")
        template(folder).commit()

    return template(made_once(tmp_path_factory, "done", make))


def template(folder: Path) -> Toy:
    return Toy(folder / "toy", folder / "diary", {"TOY_DIARY": str(folder / "diary")})


@pytest.fixture
def toy(new_template: Toy, tmp_path: Path, server: Server) -> Toy:
    """A workspace in which no stage has run."""
    return new_template.clone(tmp_path / "toy").using(tmp_path / "diary", server)


@pytest.fixture
def done_toy(done_template: Toy, tmp_path: Path, server: Server) -> Toy:
    """A workspace in which every stage has run."""
    return done_template.copy(tmp_path / "toy").using(tmp_path / "diary", server)


@pytest.fixture(scope="session")
def deployed(new_template: Toy, server: Server) -> None:
    """The pools and deployments are on the server; they are the same for every workspace."""
    done = replace(new_template, settings=server.settings).flows("deploy")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inside]:
    """Run flows of a toy in this process: importing Prefect takes longer than most of them."""
    from prefect.logging.handlers import APILogHandler
    from prefect.settings import PREFECT_API_URL, temporary_settings

    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    @contextmanager
    def enter(toy: Toy) -> Iterator[None]:
        monkeypatch.chdir(toy.folder)
        for name, value in toy.settings.items():
            monkeypatch.setenv(name, value)
        with temporary_settings({PREFECT_API_URL: toy.settings["PREFECT_API_URL"]}):
            yield

    yield enter
    APILogHandler().flush()  # while the server still answers


@pytest.fixture
def run_flows(inside: Inside, capsys: pytest.CaptureFixture[str]) -> Flows:
    """`python -m flows` in the folder of a toy, but in this process."""
    from flows.__main__ import main

    def run(toy: Toy, *arguments: str) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        with inside(toy):
            try:
                status = main(arguments)
            except SystemExit as wrong_usage:
                status = int(str(wrong_usage.code))
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, status, out, err)

    return run
