"""The flow `sweep`: every point of a grid, each in a process of its own, side by side here or on workers.

`pipelines` knows the grid and fits the points (`python -m pipelines trials`); this flow starts the processes, gives each a GPU if there
are any, and collects the results in `sweeps/<task>.json` after each point. So an interrupted sweep goes on where it was.
"""

import threading
import time
from contextlib import suppress
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import Artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture, as_completed
from prefect.states import Completed, Failed
from pydantic import ValidationError
from rich.table import Table

from flows import console, devices, dvc_cli, exchange, subruns
from flows.plan import make_plan
from flows.reproduce import THREADS, bring_up_to_date, final_state
from flows.stages import StageProcesses, StageSettings, available_cores, threads_per_stage
from flows.trials import SweepError, check, fit
from pipelines import sweeps
from pipelines.errors import UserError
from pipelines.printing import one_line
from pipelines.sweeps import Point, Result, Sweep

NEEDED = "validate"
"""The kind of stage whose outputs a training needs."""
DEPLOYMENT = "trial/trial"
ATTEMPTS = 3
"""How often a point is sent to workers that die."""


# On this host


@task(name="point", cache_policy=NO_CACHE, persist_result=False)
def run_point(sweep: Sweep, point: Point, settings: StageSettings, gpus: list[str], places: Any) -> State[Any]:
    """One point in its own process, as soon as one of the places, and a GPU if there are any, is free."""
    with places:
        return fit(sweep, point, settings, gpus, get_run_logger().info)


def _here(sweep: Sweep, jobs: int | None, gpus: list[str]) -> tuple[Sweep, list[str]]:
    """Fit what is missing, `jobs` points at a time; the sweep with the results, and a sentence for each point that failed."""
    jobs = jobs or available_cores()
    settings = StageSettings(StageProcesses(), threads=threads_per_stage(jobs), hide_devices=bool(gpus))
    places = threading.Semaphore(jobs)
    futures: dict[PrefectFuture[Any], Point] = {}
    faults = []
    try:
        for point in sweep.missing:
            future = run_point.with_options(task_run_name=point.name, tags=[sweep.task]).submit(
                sweep, point, settings, gpus, places, return_state=False
            )
            futures[future] = point
        with console.progress_bar(len(futures)) as bar:
            for future in as_completed(list(futures)):
                point = futures[future]
                future.wait()
                if future.state.is_completed() and (result := sweeps.read_result(sweep, point)):
                    sweep = _kept(sweep, result)
                else:
                    faults.append(f"{point.name}: {future.state.message}")
                bar.ended(point.name)
    except BaseException:
        settings.processes.stop()
        raise
    return sweep, faults


# On workers


@flow(name="trial", task_runner=THREADS, persist_result=False)
def trial(options: list[str], point: Point, handover: exchange.Handover) -> State[Any]:
    """Fit one point of a sweep that runs on another host, and hand the result over as an artifact."""
    console.quiet_prefect()
    try:
        target = f"{NEEDED}@{handover.task}"
        exchange.receive(handover, [target])
        outcomes = bring_up_to_date(make_plan([target]), pull=not handover.shared)
        if (state := final_state(outcomes)).is_failed():
            return state
        grid = check(options)
        gpus = devices.available()
        if point in grid.missing:
            settings = StageSettings(StageProcesses(), threads=available_cores(), hide_devices=bool(gpus))
            try:
                state = fit(grid, point, settings, gpus, get_run_logger().info)
            except BaseException:
                settings.processes.stop()
                raise
            if not state.is_completed():
                return state
        grid = check(options)
        (result,) = [result for result in grid.results if result.point == point]
        data = {"fingerprint": grid.fingerprint, "result": result.model_dump(mode="json")}
        Artifact(type="trial", key="trial", description="For the sweep that sent it.", data=data).create()
    except UserError as error:
        return Failed(message=str(error))
    return Completed(message=f"{point.name} in {result.seconds:.0f} s")


def _on_workers(sweep: Sweep) -> tuple[Sweep, list[str]]:
    """The same by workers, a sub-run for each point, so that a fast worker does more of them."""
    if sweep.missing and dvc_cli.default_remote():
        exchange.transfer("push", "--run-cache", "--with-deps", "--", f"{NEEDED}@{sweep.task}")
    handover = exchange.Handover(
        workspace=exchange.workspace(), task=sweep.task, fingerprint=exchange.fingerprint(sweep.task)
    )
    common = {"options": [sweep.task, *sweep.options], "handover": handover.model_dump()}
    faults = []
    with get_client(sync_client=True) as client:
        points = {point.name: point for point in sweep.missing}
        sent = [
            subruns.send(name, [], DEPLOYMENT, {**common, "point": point.model_dump()})
            for name, point in points.items()
        ]
        for subrun in subruns.ended(client, sent, ATTEMPTS):
            try:
                handed_over = subruns.artifacts(client, subrun, "trial")
                if not handed_over:
                    state = subrun.flow_run.state
                    raise SweepError(f"its worker: {(state.message if state else None) or 'no answer'}")
                sweep = _kept(sweep, _checked(handed_over[0], sweep, points[subrun.name]))
            except UserError as error:
                faults.append(f"{subrun.name}: {error}")
                console.say(subrun.name, str(error), "red")
    return sweep, faults


class HandedOver(sweeps.Record):
    """What a worker hands over."""

    fingerprint: str
    result: Result


def _checked(data: str, sweep: Sweep, point: Point) -> Result:
    """The result that a worker hands over for `point`; whoever can write to Prefect's server can write this."""
    try:
        handed_over = HandedOver.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise SweepError(f"what its worker handed over cannot be read ({where}: {first['msg']})") from None
    if handed_over.fingerprint != sweep.fingerprint or handed_over.result.point != point:
        raise SweepError("its worker fitted another point, or with other code, data or parameters than there are here")
    return handed_over.result


# Together


@flow(name="sweep", task_runner=THREADS, persist_result=False)
def sweep(
    options: list[str], jobs: int | None = None, gpus: list[str] | None = None, workers: bool = False
) -> State[Any]:
    """Fit every point of the grid that `options` describe and that has no result yet, into `sweeps/<task>.json`.

    The task's data are brought up to date first. `jobs` points run at a time (default: one per core), on `gpus`; with `workers` each is
    sent to the workers of the pool gpu instead. Ends completed, or failed with the first point that could not be fitted.
    """
    console.quiet_prefect()
    start = time.monotonic()
    try:
        outcomes = bring_up_to_date(make_plan([f"{NEEDED}@{options[0]}"]), jobs)
        if (state := final_state(outcomes)).is_failed():
            console.say("failed", str(state.message), "bold red")
            return state
        grid = check(options)
        fitted = len(grid.missing)
        console.say(grid.task, f"{fitted} points to fit, {len(grid.results)} done before")
        grid, faults = _on_workers(grid) if workers else _here(grid, jobs, gpus or [])
        sweeps.write(grid)
        _show(grid, time.monotonic() - start)
    except UserError as error:
        faults = [str(error)]
    if faults:
        more = f" ({len(faults) - 1} more failed)" if len(faults) > 1 else ""
        console.say("failed", f"{faults[0]}{more}", "bold red")
        return Failed(message=f"{faults[0]}{more}")
    return Completed(message=f"{fitted} points fitted, {len(grid.results) - fitted} done before")


def _kept(sweep: Sweep, result: Result) -> Sweep:
    """With one more result, on disk too: what is done stays done if the sweep is interrupted."""
    sweep = sweep.with_results([result])
    with suppress(OSError):  # the last writing of all says what is wrong with the disk
        sweeps.write(sweep)
    return sweep


def _show(sweep: Sweep, seconds: float) -> None:
    """Print the points, the best first by the mean validation loss of the first target."""
    targets = list(next((result.targets for result in sweep.results if result.targets), {}))
    table = Table(
        "point", "parameters", *(f"valid loss, {target}" for target in targets), "seconds", box=None, pad_edge=False
    )
    for column in table.columns[1:]:
        column.justify = "right"

    def mean(result: Result, target: str) -> float:
        losses = result.targets[target].valid_loss if result.targets else (float("inf"),)
        return sum(losses) / len(losses)

    for result in sorted(sweep.results, key=lambda result: [mean(result, target) for target in targets]):
        losses = [f"{mean(result, target):.4g}" for target in targets] if result.targets else [one_line(result.failed)]
        table.add_row(result.point.name, f"{result.parameters:,}", *losses, f"{result.seconds:.0f}")
    console.screen.print(table)
    console.screen.print(f"{sweeps.path(sweep.task)} after {seconds:.0f} s; `dvc repro site` makes the page of it")
