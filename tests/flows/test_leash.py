"""A command on a leash ends with who started it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.conftest import ROOT
from tests.flows.conftest import until

LEASH = [sys.executable, "-m", "flows.leash", sys.executable, "-c"]


def start(code: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*LEASH, code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def test_it_passes_output_and_status_on() -> None:
    with start("print('said'); raise SystemExit(7)") as leashed:
        assert leashed.stdout
        assert leashed.stdout.read() == "said\n"
        assert leashed.wait(10) == 7


def test_letting_go_interrupts_the_command() -> None:
    code = "import time\ntry:\n print('up', flush=True); time.sleep(60)\nexcept KeyboardInterrupt: print('kept'); raise SystemExit(3)"
    with start(code) as leashed:
        assert leashed.stdout
        assert leashed.stdin
        assert leashed.stdout.readline() == "up\n"
        leashed.stdin.close()
        assert leashed.stdout.read() == "kept\n"
        assert leashed.wait(10) == 3


def test_a_killed_starter_takes_the_command_along(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    inner = f"import os, time; open({str(pids)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    outer = (
        "import subprocess, time\n"
        f"subprocess.Popen({[*LEASH, inner]!r}, stdin=subprocess.PIPE, start_new_session=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", outer], cwd=ROOT) as starter:
        until(lambda: pids.exists() and pids.read_text(), 20, "the command is up")
        command = psutil.Process(int(pids.read_text()))
        time.sleep(0.1)
        os.kill(starter.pid, signal.SIGKILL)
    until(lambda: not command.is_running(), 10, "the command has ended")
