"""One DVC stage as one supervised process, whose output is logged and whose result is reported."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flows import console, devices, dvc_cli, supervise
from flows.settings import hide_credentials
from pipelines.errors import UserError
from pipelines.printing import one_line

CODE = "code"
"""The stage that hashes the source code; what other stages depend on is known only when it is up to date."""
ON_GPU = ("train", "evaluate", "prepare@video")
"""The stages, or kinds of stage, that run networks and take a device each: a pretrained network makes the features of clips."""
UNCHANGED = "nothing changed"


class StageStatus(StrEnum):
    """What a run did with a stage; the name of its task run's final state."""

    RAN = "Ran"
    CACHED = "Cached"
    RESTORED = "Restored"
    FAILED = "Failed"
    SKIPPED = "Skipped"

    @property
    def good(self) -> bool:
        """Whether the stage's outputs exist and are current."""
        return self in (StageStatus.RAN, StageStatus.CACHED, StageStatus.RESTORED)


@dataclass(frozen=True)
class Outcome:
    """What a run did with a stage, why, and how many seconds it took."""

    stage: str
    status: StageStatus
    reason: str
    seconds: float = 0.0

    @property
    def changed_nothing(self) -> bool:
        """Whether the stage's outputs are the same as before the run."""
        return self.status is StageStatus.CACHED and self.reason == UNCHANGED

    def __str__(self) -> str:
        """`ran in 12.3 s: params.yaml runs modified`."""
        return f"{self.status.lower()} in {self.seconds:.1f} s: {self.reason}"


class StageError(UserError):
    """A stage without which a run cannot begin has failed."""


def kind(stage: str) -> str:
    """`train` of `train@finance-lstm`."""
    return stage.partition("@")[0]


def takes_device(stage: str) -> bool:
    """Whether a stage runs networks."""
    return stage in ON_GPU or kind(stage) in ON_GPU


def tags(stage: str) -> list[str]:
    """The kind, task and model of `train@finance-lstm`."""
    _, _, instance = stage.partition("@")
    return [part for part in (kind(stage), *instance.split("-", 1)) if part]


class StageProcesses:
    """The processes of a run's stages, so that all of them can be stopped."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()

    @contextmanager
    def start(self, command: list[str], inherited: list[int], environment: dict[str, str]) -> Iterator[Any]:
        """Start `command` under supervision; it has ended when the block is left."""
        with self._lock:
            if self.stopping.is_set():
                raise InterruptedError
            process = subprocess.Popen(
                [*supervise.PREFIX, *command],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                start_new_session=True, pass_fds=inherited, env=environment,
            )  # fmt: skip
            self._running.add(process)
        try:
            yield process
            process.wait()
        finally:
            with self._lock:
                self._running.discard(process)
                process.stdin.close()  # type: ignore[union-attr]  # the supervisor stops whatever still runs
            process.wait()
            process.stdout.close()  # type: ignore[union-attr]

    def stop(self) -> None:
        """Interrupt all of them, and let no more start."""
        with self._lock:
            self.stopping.set()
            for process in self._running:
                process.stdin.close()  # type: ignore[union-attr]


@dataclass(frozen=True)
class StageSettings:
    """What all stages of a run have in common."""

    processes: StageProcesses
    force: bool = False
    pull: bool = False
    threads: int = 1
    hide_devices: bool = False
    """Whether this host has GPUs, which must be hidden from a stage without a lease."""


def execute(
    stage: str,
    why: str,
    settings: StageSettings,
    lease: devices.Lease | None = None,
    log: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Let DVC bring `stage` up to date; print and `log` its output; return what was done.

    `why` is the reason to believe that it has to run. The lease is released at the end. A stage that another process of
    this workspace is running is waited for.
    """
    command = dvc_cli.repro_command(stage, settings.force, settings.pull)
    variables = {"TF_NUM_INTEROP_THREADS": str(settings.threads)}  # a single operation has one thread anyway
    if lease:
        variables["CUDA_VISIBLE_DEVICES"] = lease.device
        log(f"device {lease.device}")
    elif settings.hide_devices:
        variables["CUDA_VISIBLE_DEVICES"] = devices.NO_DEVICE
    inherited = [lease.descriptor] if lease else []
    start = time.monotonic()
    waiting = False
    try:
        while True:
            lines: list[str] = []
            with settings.processes.start(command, inherited, dvc_cli.environment(**variables)) as process:
                for text in process.stdout:
                    line = one_line(hide_credentials(text.rstrip()))  # of a remote that does not answer
                    lines.append(line)
                    if not dvc_cli.is_routine(line):
                        log(line)
                        console.say(stage, line)
            if process.returncode and dvc_cli.is_blocked(lines):
                if not waiting:
                    console.say(stage, dvc_cli.LOCKED)
                waiting = True
                if not settings.processes.stopping.wait(dvc_cli.RETRY_AFTER):
                    continue
            seconds = time.monotonic() - start
            if process.returncode and settings.processes.stopping.is_set():
                return Outcome(stage, StageStatus.FAILED, "interrupted", seconds)
            return _outcome(stage, why, process.returncode, lines, seconds)
    except InterruptedError:
        return Outcome(stage, StageStatus.FAILED, "interrupted")
    finally:
        if lease:
            lease.release()


def _outcome(stage: str, why: str, returncode: int, lines: list[str], seconds: float) -> Outcome:
    if returncode:
        return Outcome(stage, StageStatus.FAILED, dvc_cli.failure(lines, returncode), seconds)
    if dvc_cli.was_run(lines):
        return Outcome(stage, StageStatus.RAN, why, seconds)
    if dvc_cli.was_checked_out(lines):
        return Outcome(stage, StageStatus.CACHED, "outputs of the same inputs restored from DVC's cache", seconds)
    return Outcome(stage, StageStatus.CACHED, UNCHANGED, seconds)


def update_code(why: str) -> Outcome:
    """Bring the stage `code` of this workspace up to date; raise `StageError` if it fails."""
    outcome = execute(CODE, why, StageSettings(StageProcesses(), hide_devices=True))
    console.say(CODE, str(outcome))
    if not outcome.status.good:
        raise StageError(f"{CODE}: {outcome.reason}")
    return outcome


def threads_per_stage(jobs: int) -> int:
    """TensorFlow's threads for parallel operations in each of `jobs` processes that share the cores."""
    return max(1, available_cores() // jobs)


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
