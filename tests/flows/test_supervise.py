"""A supervised command ends with the process that started it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from flows import supervise
from tests.conftest import ROOT
from tests.flows.conftest import until

PYTHON = [*supervise.PREFIX, sys.executable, "-c"]


def start(code: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*PYTHON, code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def test_supervise_passes_on_output_and_exit_status() -> None:
    with start("print('said'); raise SystemExit(7)") as supervised:
        assert supervised.stdout
        assert supervised.stdout.read() == "said\n"
        assert supervised.wait(10) == 7


def test_supervise_interrupts_the_command_when_its_input_closes() -> None:
    code = "import time\ntry:\n print('up', flush=True); time.sleep(60)\nexcept KeyboardInterrupt: print('kept'); raise SystemExit(3)"
    with start(code) as supervised:
        assert supervised.stdout
        assert supervised.stdin
        assert supervised.stdout.readline() == "up\n"
        supervised.stdin.close()
        assert supervised.stdout.read() == "kept\n"
        assert supervised.wait(10) == 3


def test_supervise_ends_the_command_of_a_killed_parent(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    inner = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    outer = (
        "import subprocess, time\n"
        f"subprocess.Popen({[*PYTHON, inner]!r}, stdin=subprocess.PIPE, start_new_session=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", outer], cwd=ROOT) as parent:
        until(lambda: pid_file.exists() and pid_file.read_text(), 20, "the command is running")
        command = psutil.Process(int(pid_file.read_text()))
        time.sleep(0.1)
        os.kill(parent.pid, signal.SIGKILL)
    until(lambda: not command.is_running(), 10, "the command has ended")
