"""`train`: fit every seed of a model on every target, in one process."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipelines import artifacts, code, paths, progress
from pipelines.params.blocks import size_of
from pipelines.sources import files

if TYPE_CHECKING:
    import keras

    from pipelines.task import Task, Train


def run(task: "Task", name: str, params: Any) -> None:
    """Write `artifacts/models/<task>/<model>` (weights, architecture, `training.json`) and `artifacts/histories/<task>/<model>.csv`."""
    from pipelines.nn import hardware

    hardware.set_up()
    stage: Train = task.stage("train")
    prepared = paths.prepared(task.name)
    meta = artifacts.read(prepared / "meta.json", stage.Meta)
    work = _work_folder(task.name, name, params)

    rows: list[dict[str, Any]] = []
    targets: dict[str, dict[str, Any]] = {}
    with artifacts.replacing_folder(paths.model(task.name, name)) as folder:
        for target in meta.targets:
            what = f"{task.name}/{name}/{target}"
            targets[target], epochs = _fit(
                stage, prepared, meta, target, params, name, folder / target, work / target, what
            )
            rows += epochs
        history = pd.DataFrame(rows)
        with artifacts.replacing(paths.history(task.name, name)) as partial:
            history.to_csv(partial, index=False, float_format="%.7g")
        record = {
            "targets": targets,
            "seeds": params.train.seeds,
            "cost": {
                **{
                    kind: max(int(entry[kind]) for entry in targets.values())
                    for kind in ("parameters", "parameters_without_embeddings")
                },
                "seconds_per_epoch": float(history["seconds"].mean()),
                "epochs": len(history) / (len(targets) * len(params.train.seeds)),
                "train_seconds": float(history["seconds"].sum()),
                "peak_memory_mb": round(hardware.peak_memory_mb()),
            },
            "hardware": hardware.describe(),
            "precision": _precision(params.train),
            "xla": all(entry["xla"] for entry in targets.values()),
            "model": params.models[name].model_dump(),
            "train": params.train.of_model(params.models[name]).model_dump(),
        }
        artifacts.write_json(folder / "training.json", record)
    shutil.rmtree(work)


def _fit(
    stage: "Train",
    prepared: Path,
    meta: Any,
    target: str,
    params: Any,
    name: str,
    folder: Path,
    work: Path,
    what: str,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Fit all seeds on one target and keep their weights; return their part of `training.json`, and the history."""
    import keras

    from pipelines.nn import checkpoints, layers, training

    options = params.train.of(target, params.models[name])
    head = stage.head(meta, target, options)

    def build() -> keras.Model:
        return stage.build(model, meta, target, head)

    model = _matched(params, name, lambda other: stage.build(other, meta, target, head))
    examples = stage.datasets(prepared, meta, target)
    keras.mixed_precision.set_global_policy(_precision(options))
    fitting = training.Fitting(build, head, options, examples["train"], examples["valid"])
    loop = fitting.trainer.loop
    if loop.name == "TensorFlow":
        progress.say(f"{what}: the recurrent layers run in Keras's own loop: {loop.because}")
    fitted = [
        _fit_seed(fitting, seed, work / f"seed-{seed}.npz", f"{what}, seed {seed}", options.epochs)
        for seed in options.seeds
    ]
    # Saved, tested and explained in full precision: mixed precision only makes training faster.
    keras.mixed_precision.set_global_policy("float32")
    network = build()
    checkpoints.save(folder, network, options.seeds, [fit.weights for fit in fitted])
    record = {
        "parameters": layers.parameter_count(network),
        "parameters_without_embeddings": layers.parameter_count(network, embeddings=False),
        "layers": _layers(network),
        "xla": fitting.trainer.jit_compile,
        **loop.record(),
        "best_epochs": [fit.best.epoch + 1 if isfinite(fit.best.valid_loss) else 0 for fit in fitted],
        "best_valid_loss": [fit.best.valid_loss for fit in fitted],
        "diverged": [len(fit.history) if fit.diverged else None for fit in fitted],
        "clip_norm": options.clip_norm,
    }
    history = [
        {"target": target, "seed": seed, **asdict(row)}
        for seed, fit in zip(options.seeds, fitted, strict=True)
        for row in fit.history
    ]
    return record, history


def _matched(params: Any, name: str, build: "Callable[[Any], keras.Model]") -> Any:
    """The parameters of a model, with the budget of the one that it is to match."""
    from pipelines.nn import layers

    model, other = params.models[name], size_of(params.models, name)
    if other == name:
        return model
    return model.model_copy(update={"parameters": layers.parameter_count(build(params.models[other]))})


def _fit_seed(fitting: Any, seed: int, checkpoint: Path, what: str, epochs: int) -> Any:
    """Fit one seed, with a bar in a terminal and one line at its end."""
    with progress.bar() as bar:
        bar_task = bar.add_task(what, total=epochs)
        result = fitting.fit(seed, checkpoint, what, lambda row: bar.update(bar_task, completed=row.epoch + 1))
    best = result.best
    if result.diverged:
        kept = f"the weights of epoch {best.epoch + 1}" if isfinite(best.valid_loss) else "the untrained weights"
        progress.say(f"{what}: diverged: the loss is not finite in epoch {len(result.history)}; {kept} are kept")
        return result
    progress.say(f"{what}: validation loss {best.valid_loss:.4g} in epoch {best.epoch + 1} of {len(result.history)}")
    return result


def _precision(options: Any) -> str:
    return "mixed_float16" if options.mixed_precision else "float32"


def _layers(network: Any) -> list[Mapping[str, Any]]:
    """Name, class, output shape and parameters of each layer, for the report; nested models are replaced by their layers."""
    import keras

    rows: list[Mapping[str, Any]] = []
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            rows += [{**inner, "name": f"{layer.name}/{inner['name']}"} for inner in _layers(layer)]
            continue
        output = layer.output[0] if isinstance(layer.output, list | tuple) else layer.output
        shape = str(tuple(output.shape)).replace("None", "batch", 1).replace("None", "time")
        parameters = layer.count_params()
        rows.append({"name": layer.name, "kind": type(layer).__name__, "shape": shape, "parameters": parameters})
    return rows


def _work_folder(task: str, name: str, params: Any) -> Path:
    """Where this training keeps its checkpoints; emptied, with a line, unless parameters, data and code are the same as before."""
    data = [path for path in paths.prepared(task).rglob("*") if path.is_file()]
    identity = {
        "model": params.models[name].model_dump(),
        "matched": params.models[size_of(params.models, name)].model_dump(),
        "train": params.train.model_dump(),
        "code": code.hashes("train", task),
        "data": {path.as_posix(): files.sha256(path) for path in sorted(data)},
    }
    fingerprint = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    work = paths.checkpoint(task, name)
    stored = work / "fingerprint"
    interrupted = any(work.rglob("*.npz"))
    if not stored.is_file() or stored.read_bytes() != fingerprint.encode():
        if interrupted:
            progress.say(f"{task}/{name}: its checkpoints are dropped: they are of other parameters, data or code")
        shutil.rmtree(work, ignore_errors=True)
        with artifacts.replacing(stored) as partial:
            partial.write_text(fingerprint)
    elif interrupted:
        progress.say(f"{task}/{name}: resuming from the checkpoints of the training that was interrupted")
    return work
