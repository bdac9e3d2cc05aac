"""`trials`: fit the points of a sweep one after the other in this process. `gatehouse sweep` runs one such process for each point."""

import argparse
import copy
import hashlib
import json
from collections.abc import Iterable
from math import isfinite
from typing import TYPE_CHECKING, Any

from pipelines import code, params, paths, process, progress, sweeps
from pipelines.errors import ParameterError, TrainingError, UsageError
from pipelines.params.cells import CELLS, MOST_UNITS
from pipelines.printing import quoted
from pipelines.sources import files
from pipelines.sweeps import Fitted, Point, Result, Sweep

if TYPE_CHECKING:
    from pipelines.task import Task, Train

CELLS_COMPARED = ("lstm", "gru")
UNITS_TRIED = (0.5, 1.0, 2.0)
"""Times those of the base model."""
RATES_TRIED = (1 / 3, 1.0, 3.0)
"""Times that of `train.learning_rate`."""


def run(task: "Task", options: argparse.Namespace) -> None:
    """Fit every point of the grid that has no result yet, and leave the results for `gatehouse sweep`; or print the grid."""
    sweep = grid(task, options)
    if options.list:
        print(sweep.model_dump_json())
        return
    for point in sweep.missing:
        with process.alone(f"trial@{task.name}-{point.name}"):
            result = sweeps.read_result(sweep, point) or fit(task, sweep, point)
            sweeps.write_result(sweep, result)
        progress.say(f"{task.name}/{point.name}: {result.failed or in_words(result)}")


def in_words(result: Result) -> str:
    """`validation loss 0.41 (co2), 0.38 (sunspots); 12 s`."""
    losses = (f"{sum(of.valid_loss) / len(of.valid_loss):.4g} ({target})" for target, of in result.targets.items())
    return f"validation loss {', '.join(losses)}; {result.seconds:.0f} s"


# The grid


def grid(task: "Task", options: argparse.Namespace) -> Sweep:
    """The grid that the options describe, with the results that are still those of this code, data and parameters.

    Raise `UsageError` for an option that cannot be meant.
    """
    block = task.params()
    cells = options.cells or CELLS_COMPARED
    for cell in cells:
        if cell not in CELLS:
            raise UsageError(f"--cells: there is no cell {quoted(cell)}; there are {', '.join(CELLS)}")
    model = options.model or _base(block.models, cells)
    if model not in block.models:
        raise UsageError(
            f"{task.name} has no model {quoted(model)}; its models in params.yaml are {', '.join(block.models)}"
        )
    units = block.models[model].recurrent[0].units
    rate = block.train.learning_rate
    sweep = Sweep(
        task=task.name,
        model=model,
        seeds=options.seeds or block.train.seeds,
        cells=cells,
        units=options.units
        or tuple(dict.fromkeys(min(MOST_UNITS, max(1, round(units * factor))) for factor in UNITS_TRIED)),
        learning_rates=options.learning_rate or tuple(float(f"{rate * factor:.2g}") for factor in RATES_TRIED),
        fingerprint="",
    )
    for point in sweep.missing:
        at(task, sweep, point)  # raises an error before anything is fitted
    return _with_known_results(task, sweep.model_copy(update={"fingerprint": _fingerprint(task, sweep)}))


def _base(models: Any, cells: Iterable[str]) -> str:
    return next((name for name, model in models.items() if model.recurrent[0].cell in cells), next(iter(models)))


def _with_known_results(task: "Task", sweep: Sweep) -> Sweep:
    """With the results in `sweeps/<task>.json` and those that trainings have left, as far as they are of this code, data and parameters."""
    stored = sweeps.read(task.name)
    known = stored.results if stored and stored.fingerprint == sweep.fingerprint else ()
    sweep = sweep.with_results(known)
    left = (sweeps.read_result(sweep, point) for point in sweep.missing)
    return sweep.with_results([result for result in left if result])


def _fingerprint(task: "Task", sweep: Sweep) -> str:
    """Of what decides the results beside cell, units and learning rate."""
    block = task.params()
    data = [path for path in paths.prepared(task.name).rglob("*") if path.is_file()]
    identity = {
        "model": block.models[sweep.model].model_dump(),
        "train": block.train.model_dump(exclude={"learning_rate", "seeds"}),
        "seeds": sweep.seeds,
        "code": code.hashes("train", task.name),
        "data": {path.as_posix(): files.sha256(path) for path in sorted(data)},
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()[:32]


def at(task: "Task", sweep: Sweep, point: Point) -> tuple[Any, dict[str, Any]]:
    """The task's parameters at a point, and what is overridden there; raise `ParameterError` if they are not allowed."""
    blocks = copy.deepcopy(params.values())
    block = blocks[task.name]
    base = block["models"][sweep.model]
    overrides: dict[tuple[str, ...], Any] = {("train", "learning_rate"): point.learning_rate}
    for target, values in (block["train"].get("targets") or {}).items():
        if "learning_rate" in values:  # the target's own, which would stay as it is
            overrides["train", "targets", target, "learning_rate"] = point.learning_rate
    if "learning_rate" in (base.get("train") or {}):
        overrides["models", sweep.model, "train", "learning_rate"] = point.learning_rate
    layers = {key: value for key, value in base.items() if _are_recurrent(value)}
    first = next(iter(layers.values()))[0]["units"]
    for key, stack in layers.items():
        overrides["models", sweep.model, key] = [
            {**layer, "cell": point.cell, "units": max(1, round(layer["units"] * point.units / first))}
            for layer in stack
        ]
    if base.get("parameters") is not None:  # a budget, which would decide on the units
        overrides["models", sweep.model, "parameters"] = None
    for where, value in overrides.items():
        part = block
        for parent in where[:-1]:
            part = part[parent]
        part[where[-1]] = value
    block["train"]["seeds"] = list(sweep.seeds)
    try:
        return task.params(blocks), {".".join(where): value for where, value in overrides.items()}
    except ParameterError as error:
        raise ParameterError(f"at the point {point.name} of the sweep: {error}") from error


def _are_recurrent(value: Any) -> bool:
    return (
        isinstance(value, list) and bool(value) and all(isinstance(layer, dict) and "cell" in layer for layer in value)
    )


# A point


def fit(task: "Task", sweep: Sweep, point: Point) -> Result:
    """Fit every seed and target at one point; an interrupted training resumes. Training and validation data are read, nothing else."""
    from pipelines.nn import hardware

    hardware.set_up()
    import keras  # after what has to be set before TensorFlow is imported

    from pipelines import artifacts
    from pipelines.nn import layers, training

    stage: Train = task.stage("train")
    prepared = paths.prepared(task.name)
    meta = artifacts.read(prepared / "meta.json", stage.Meta)
    block, overrides = at(task, sweep, point)
    work = sweeps.result_path(sweep, point).with_suffix("")
    targets: dict[str, Fitted] = {}
    parameters, seconds, failed = 0, 0.0, ""
    for target in meta.targets:
        options = block.train.of(target, block.models[sweep.model])
        head = stage.head(meta, target, options)

        def build(target: str = target, head: Any = head) -> keras.Model:
            return stage.build(block.models[sweep.model], meta, target, head)

        examples = stage.datasets(prepared, meta, target)
        keras.mixed_precision.set_global_policy("mixed_float16" if options.mixed_precision else "float32")
        fitting = training.Fitting(build, head, options, examples["train"], examples["valid"])
        parameters = max(parameters, layers.parameter_count(fitting.network))
        what = f"{task.name}/{point.name}/{target}"
        try:
            fits = [
                fitting.fit(seed, work / target / f"seed-{seed}.npz", f"{what}, seed {seed}") for seed in options.seeds
            ]
        except TrainingError as error:
            failed = str(error)
            break
        if not all(isfinite(fitted.best.valid_loss) for fitted in fits):
            failed = f"{what}: diverged in the first epoch"
            break
        seconds += sum(row.seconds for fitted in fits for row in fitted.history)
        targets[target] = Fitted(
            valid_loss=tuple(float(f"{fitted.best.valid_loss:.7g}") for fitted in fits),
            best_epoch=tuple(fitted.best.epoch + 1 for fitted in fits),
        )
    return Result(
        point=point,
        overrides=overrides,
        parameters=parameters,
        seconds=round(seconds, 3),
        targets={} if failed else targets,
        failed=failed,
    )
