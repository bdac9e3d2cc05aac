"""A stage's process excludes a second one and ends with its DVC: real processes, which are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipelines import artifacts, paths, process
from pipelines.errors import OutputError
from tests.conftest import ROOT

STAGE = "train@timeseries-lstm"
HOLD = f"""
import sys
from pipelines import process
with process.alone("{STAGE}"):
    print("held", flush=True)
    sys.stdin.read()
"""
SLEEP = """
import os, signal, time
from pipelines import process
process.POLL, process.GRACE = 0.05, 60
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in a job that a shell runs in the background
process.end_with_dvc()
print(os.getpid(), flush=True)
try:
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@contextmanager
def python(*command: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A process that can import the project; killed at the end, if it still runs."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    with subprocess.Popen(
        command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as started:
        yield started
        started.kill()


def line_of(started: Any) -> str:
    return str(started.stdout.readline()).strip()


def test_alone_refuses_a_second_process_and_names_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(process, "PATIENCE", 0.1)
    monkeypatch.setattr(process, "POLL", 0.1)
    with python(sys.executable, "-c", HOLD) as first:
        assert line_of(first) == "held"
        running = f"{STAGE} is already running, as process {first.pid}"
        with pytest.raises(OutputError, match=f"^{running}; wait until that has ended, or end it$"):
            process.alone(STAGE).__enter__()
        assert capsys.readouterr().out == f"{running}: waiting 0 seconds for its end\n"
        with process.alone("train@timeseries-gru"):  # another stage
            pass


def test_alone_waits_for_a_process_that_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(process, "POLL", 0.1)
    with python(sys.executable, "-c", HOLD) as first:
        assert line_of(first) == "held"
        # Killed as soon as this process has found the lock held.
        monkeypatch.setattr("pipelines.progress.say", lambda line: first.kill())
        with process.alone(STAGE):
            assert paths.lock(STAGE).read_text() == str(os.getpid())


def test_end_with_dvc_kills_a_stage_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = subprocess.Popen(["true"])
    dvc = psutil.Process(ended.pid)
    ended.wait()
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, signum: sent.append(signum))
    monkeypatch.setattr(time, "sleep", lambda seconds: sent.append(seconds))
    process._end_after(dvc)
    assert sent == [signal.SIGTERM, process.GRACE, signal.SIGKILL]


@pytest.mark.parametrize("shell", [True, False], ids=["through a shell", "directly"])
def test_end_with_dvc_interrupts_a_stage_whose_dvc_was_killed(tmp_path: Path, shell: bool) -> None:
    child = ["sh", "-c", '"$0" "$@"; true', sys.executable] if shell else [sys.executable]
    code = (
        "import os, subprocess, sys; os.environ.pop('DVC_STAGE', None)\n"
        "subprocess.run(sys.argv[1:], env={**os.environ, 'DVC_STAGE': 'train'})"
    )
    with python(sys.executable, "-c", code, *child, "-c", SLEEP) as dvc:
        stage = int(line_of(dvc))
        dvc.send_signal(signal.SIGKILL)
        assert line_of(dvc) == "interrupted"
        deadline = time.monotonic() + 30
        while artifacts.runs(stage) and time.monotonic() < deadline:
            time.sleep(0.05)
    assert not artifacts.runs(stage)


def test_end_with_dvc_leaves_a_stage_run_by_hand_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DVC_STAGE", raising=False)
    monkeypatch.setattr("threading.Thread.start", lambda thread: pytest.fail("a thread was started"))
    process.end_with_dvc()
