"""The command `python -m pipelines trials` as the flow `sweep` uses it: what the grid is, and one process for each of its points."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

from flows import console, devices, dvc_cli
from flows.reproduce import POLL_SECONDS
from flows.stages import StageSettings
from pipelines.errors import UsageError, UserError
from pipelines.printing import one_line
from pipelines.sweeps import Point, Sweep

COMMAND = (sys.executable, "-m", "pipelines", "trials")


class SweepError(UserError):
    """A sweep that cannot begin, or a point that cannot be fitted."""


def check(options: Sequence[str]) -> Sweep:
    """The grid that the options describe, with the results there are; raise `UsageError` for what it cannot be."""
    done = subprocess.run(
        [*COMMAND, *options, "--list"], capture_output=True, text=True, env=dvc_cli.environment(), check=False
    )
    if done.returncode:
        errors = [line.removeprefix("error: ") for line in done.stderr.splitlines() if line.startswith("error: ")]
        sentence = (errors or done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise (UsageError if done.returncode == 2 else SweepError)(sentence)
    return Sweep.model_validate_json(done.stdout)


def fit(
    sweep: Sweep, point: Point, settings: StageSettings, gpus: list[str], log: Callable[[str], None] = lambda _: None
) -> State[Any]:
    """Fit one point in a process of its own, with a GPU of its own if there are any; `sweeps.result_path` says where the result then is."""
    only = {"cells": (point.cell,), "units": (point.units,), "learning_rates": (point.learning_rate,)}
    variables = {"TF_NUM_INTEROP_THREADS": str(settings.threads)}
    if settings.hide_devices:
        variables["CUDA_VISIBLE_DEVICES"] = devices.NO_DEVICE
    lease = None
    lines: list[str] = []
    try:
        if gpus:
            lease = _lease(gpus, settings)
            variables["CUDA_VISIBLE_DEVICES"] = lease.device
        command = [*COMMAND, sweep.task, *sweep.model_copy(update=only).options]
        inherited = [lease.descriptor] if lease else []
        with settings.processes.start(command, inherited, dvc_cli.environment(**variables)) as process:
            for text in process.stdout:
                lines.append(one_line(text.rstrip()))
                log(lines[-1])
                console.say(point.name, lines[-1])
    except InterruptedError:
        return Cancelled(message="interrupted")
    finally:
        if lease:
            lease.release()
    if process.returncode and settings.processes.stopping.is_set():
        return Cancelled(message="interrupted")
    if process.returncode:
        return Failed(message=dvc_cli.failure(lines, process.returncode))
    return Completed(message=lines[-1] if lines else None)


def _lease(gpus: list[str], settings: StageSettings) -> devices.Lease:
    """The first GPU that is free, as soon as one is; raise `InterruptedError` when the run is to end."""
    while not (lease := devices.lease(gpus)):
        if settings.processes.stopping.wait(POLL_SECONDS):
            raise InterruptedError
    return lease
