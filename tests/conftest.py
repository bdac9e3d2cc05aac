"""Fixtures that several tests share: small data, small networks, and the whole graph run once in the tiny profile."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

# Before NumPy is imported: the threads of its linear algebra would make two test processes wait for each other.
os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import numpy as np

ROOT = Path(__file__).parent.parent


def copy_project(destination: Path) -> Path:
    """The project's own files (tracked, or new and not ignored) in `destination`, as a Git repository with DVC."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (destination / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, destination / name)
    # Records of an earlier run would otherwise be taken for those of this one.
    (destination / "dvc.lock").unlink(missing_ok=True)
    shutil.rmtree(destination / "metrics", ignore_errors=True)
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "t"],
    ):
        subprocess.run(["git", *command], cwd=destination, check=True)
    return destination


def use_tiny_profile(project: Path) -> None:
    """Make every stage of `project` take seconds, and train two models per task."""
    done = run(project, sys.executable, "-m", "pipelines", "profile", "tiny")
    assert done.returncode == 0, done.stderr


def run(project: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of this environment inside `project`; the output is captured, and the caller checks the status."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # Byte code is written, as on any user's machine, into folders that stages depend on.
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(
        command,
        cwd=project,
        env={**inherited, "PATH": path, "DVC_NO_ANALYTICS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=3000,
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tests that share the tiny graph run in one process, which builds it once; so do those that share a Prefect server."""
    if "tiny" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.xdist_group("tiny"))
    elif "flows" in item.path.parts:
        item.add_marker(pytest.mark.xdist_group(item.path.stem))


IN_ONE_PROCESS = """
import sys
from pipelines import registry
from pipelines.__main__ import main
for name in sys.argv[1:]:
    models = registry.find(name).params().models
    stages = [[kind, name] for kind in ("collect", "prepare", "validate", "baselines")]
    stages += [[kind, name, model] for model in models for kind in ("train", "evaluate")]
    for stage in [*stages, ["compare", name], ["release", name], ["report", name]]:
        assert main(stage) == 0, stage
"""
REAL = "timeseries"
"""The task whose stages `dvc repro` runs; those of the others run in two processes, so that TensorFlow starts twice."""


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which the whole graph has run in the tiny profile and is up to date for DVC."""
    from pipelines import registry

    project = copy_project(tmp_path_factory.mktemp("tiny"))
    use_tiny_profile(project)

    def succeeds(*command: str) -> None:
        done = run(project, *command)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    others = [task.name for task in registry.TASKS if task.name != REAL]
    commands = [
        ["dvc", "repro", f"report@{REAL}"],
        *([sys.executable, "-c", IN_ONE_PROCESS, *others[part::2]] for part in range(2)),
    ]
    with ThreadPoolExecutor(len(commands)) as side_by_side:
        list(side_by_side.map(lambda command: succeeds(*command), commands))
    succeeds(sys.executable, "-m", "pipelines", "site")
    succeeds("dvc", "commit", "--force", "--quiet")
    succeeds("dvc", "repro")
    return project


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with only the project's params.yaml, as the current folder."""
    from pipelines import params

    shutil.copyfile(ROOT / "params.yaml", tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)
    params.values.cache_clear()
    yield tmp_path
    params.values.cache_clear()


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file can be longer than 4096 bytes: the system refuses more in the same places as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def random() -> np.random.Generator:
    """Random numbers that are the same in every run."""
    return np.random.default_rng(7)
