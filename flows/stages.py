"""One DVC stage as one Prefect task: a process of its own that logs, can be stopped, and says what it did."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

from flows import console, devices, graph, leash

ON_GPU = ("train", "evaluate")
"""The kinds of stage that compute with networks and take a device each."""
UNCHANGED = "nothing changed"
CHATTER = (
    "Generating lock file", "Updating lock file", "To track the changes", "git add", "To enable auto staging",
    "dvc config core.autostage", "Use `dvc push`", "Data and pipelines are up to date", "Running stage",
    "ERROR: failed to reproduce", "Having any troubles", "(PID ", "If there are no processes with such PIDs",
)  # fmt: skip
"""How the lines begin that DVC says around every stage."""


class Did(StrEnum):
    """What became of a stage; the name of its task run's final state."""

    RAN = "Ran"
    CACHED = "Cached"
    RESTORED = "Restored"
    FAILED = "Failed"
    SKIPPED = "Skipped"

    @property
    def good(self) -> bool:
        """Whether the stage's outputs are there and current."""
        return self in (Did.RAN, Did.CACHED, Did.RESTORED)


@dataclass(frozen=True)
class Outcome:
    """What became of a stage, why, and the seconds it took."""

    stage: str
    did: Did
    reason: str
    seconds: float = 0.0

    @property
    def changed_nothing(self) -> bool:
        """Whether its outputs are the same as before the run."""
        return self.did is Did.RESTORED or (self.did is Did.CACHED and self.reason == UNCHANGED)


def kind(stage: str) -> str:
    """`train` of `train@finance-lstm`."""
    return stage.partition("@")[0]


def tags(stage: str) -> list[str]:
    """The kind, task and model of `train@finance-lstm`."""
    _, _, instance = stage.partition("@")
    return [part for part in (kind(stage), *instance.split("-", 1)) if part]


class Children:
    """The processes of a run's stages, so that all of them can be stopped."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._alive: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()

    @contextmanager
    def start(self, command: list[str], inherited: list[int], environment: dict[str, str]) -> Iterator[Any]:
        """Start `command` on a leash; it has ended when the block is left."""
        with self._lock:
            if self.stopping.is_set():
                raise InterruptedError
            process = subprocess.Popen(
                [*leash.START, *command],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                start_new_session=True, pass_fds=inherited, env=environment,
            )  # fmt: skip
            self._alive.add(process)
        try:
            yield process
            process.wait()
        finally:
            with self._lock:
                self._alive.discard(process)
                process.stdin.close()  # type: ignore[union-attr]  # the leash: whatever still runs ends
            process.wait()
            process.stdout.close()  # type: ignore[union-attr]

    def stop(self) -> None:
        """Interrupt all of them, and let no more start."""
        with self._lock:
            self.stopping.set()
            for process in self._alive:
                process.stdin.close()  # type: ignore[union-attr]


@dataclass(frozen=True)
class Setting:
    """What all stages of a run have in common."""

    children: Children
    force: bool = False
    pull: bool = False
    threads: int = 1
    hide_devices: bool = False
    """Whether this host has GPUs, which a stage without a lease is not to see."""


def perform(stage: str, why: str, setting: Setting, lease: devices.Lease | None = None) -> Outcome:
    """Let DVC bring `stage` up to date; forward its lines; return what it did.

    `why` is the reason to believe that it has to run. The lease is released at the end. A stage that another process of this
    workspace has in hand is waited for.
    """
    logger = get_run_logger()
    flags = [flag for flag, wanted in (("--force", setting.force), ("--pull", setting.pull)) if wanted]
    command = [*graph.DVC, "--wait-for-lock", "repro", "--single-item", *flags, stage]
    more = {"TF_NUM_INTEROP_THREADS": str(setting.threads)}  # an operation has one thread anyway
    if lease:
        more["CUDA_VISIBLE_DEVICES"] = lease.device
        logger.info("device %s", lease.device)
    elif setting.hide_devices:
        more["CUDA_VISIBLE_DEVICES"] = devices.NONE
    inherited = [lease.descriptor] if lease else []
    started = time.monotonic()
    waiting = False
    try:
        while True:
            said: list[str] = []
            with setting.children.start(command, inherited, graph.environment(**more)) as process:
                for line in map(str.rstrip, process.stdout):
                    said.append(line)
                    if line.strip() and not line.strip().startswith(CHATTER):
                        logger.info(line)
                        console.say(stage, line)
            if process.returncode and any(graph.BUSY in line for line in said):
                if not waiting:
                    console.say(stage, graph.IN_HAND)
                waiting = True
                if not setting.children.stopping.wait(graph.PATIENCE):
                    continue
            return _outcome(stage, why, process.returncode, said, time.monotonic() - started, setting)
    except InterruptedError:
        return Outcome(stage, Did.FAILED, "interrupted")
    finally:
        if lease:
            lease.release()


def _outcome(stage: str, why: str, status: int, said: list[str], seconds: float, setting: Setting) -> Outcome:
    if status and setting.children.stopping.is_set():
        return Outcome(stage, Did.FAILED, "interrupted", seconds)
    if status:
        told = [line for line in said if line.strip() and not line.strip().startswith(CHATTER)]
        errors = [line for line in told if line.startswith("error: ")] or told
        return Outcome(stage, Did.FAILED, (errors or [f"exit status {status}"])[-1].removeprefix("error: "), seconds)
    if any(line.startswith("Running stage") for line in said):
        return Outcome(stage, Did.RAN, why, seconds)
    if any("is cached - skipping run" in line for line in said):
        return Outcome(stage, Did.CACHED, "DVC has the outputs of these very inputs: checked out", seconds)
    return Outcome(stage, Did.CACHED, UNCHANGED, seconds)


def as_state(outcome: Outcome) -> State[Any]:
    """The final state of a stage's task run: its name says what was done, its message why."""
    if outcome.did.good:
        return Completed(name=outcome.did, message=outcome.reason)
    make = Failed if outcome.did is Did.FAILED else Cancelled
    return make(name=outcome.did, message=outcome.reason)


@task(name="stage", cache_policy=NO_CACHE, persist_result=False)
def run(stage: str, why: str, setting: Setting, lease: devices.Lease | None) -> State[Any]:
    """A stage that DVC has to look at."""
    return as_state(perform(stage, why, setting, lease))


def threads_each(jobs: int) -> int:
    """TensorFlow's threads for operations side by side, for each of `jobs` processes that share the cores."""
    return max(1, cores() // jobs)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
