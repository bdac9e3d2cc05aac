"""The process of a stage: there is one at a time, and it ends when the DVC that started it has ended.

DVC holds a stage's outputs while it lives. Killed alone, it leaves the stage running, and started again it starts the stage anew.
"""

import fcntl
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import psutil

from pipelines import artifacts, paths, progress
from pipelines.errors import OutputError

PATIENCE = 30.0
"""Seconds for which the process of the same stage is waited for: it may be ending because its DVC was killed."""
GRACE = 10.0
"""Seconds that a stage has to end by itself."""
POLL = 0.5
"""Seconds between two looks at another process."""
STAGE = "DVC_STAGE"
"""The environment variable that DVC sets for the command of a stage."""


@contextmanager
def alone(stage: str) -> Iterator[None]:
    """Hold the lock of `stage`, under which all its outputs and checkpoints are written.

    Raise `OutputError` if another process still holds it after `PATIENCE` seconds. The operating system releases it when the process that
    holds it ends, however that ends.
    """
    path = paths.lock(stage)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        deadline = time.monotonic() + PATIENCE
        waiting = False
        while not _lock(file):
            file.seek(0)
            holder = f"{stage} is already running, as process {file.read() or '?'}"
            if time.monotonic() > deadline:
                raise OutputError(f"{holder}; wait until that has ended, or end it")
            if not waiting:
                progress.say(f"{holder}: waiting {PATIENCE:.0f} seconds for its end")
            waiting = True
            time.sleep(POLL)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _lock(file: IO[str]) -> bool:
    """Whether the lock could be taken. Not by `flock`: a child of the holder would hold that too, even after its death."""
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def end_with_dvc() -> None:
    """Interrupt this process as by Ctrl-C when the DVC that runs it, if one does, has ended; kill it `GRACE` seconds later."""
    if dvc := _dvc():
        # Not by SIGINT, which a shell's background jobs ignore.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        threading.Thread(target=_end_after, args=(dvc,), daemon=True).start()


def _end_after(dvc: psutil.Process) -> None:
    while dvc.is_running() and artifacts.runs(dvc.pid):
        time.sleep(POLL)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os.kill(os.getpid(), signal.SIGKILL)


def _dvc() -> psutil.Process | None:
    """The nearest process above this one that is not of the stage; a shell may be between them."""
    if STAGE not in os.environ:
        return None
    return next((process for process in psutil.Process().parents() if not _is_of_stage(process)), None)


def _is_of_stage(process: psutil.Process) -> bool:
    try:
        return STAGE in process.environ()
    except psutil.Error:
        return False
