"""`train`: fit every seed of a model on every target, in one process."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines import artifacts, paths, progress
from pipelines.contract import Meta
from pipelines.params import Params
from pipelines.registry import Task
from pipelines.sources import files


def run(task: Task, name: str, params: Params) -> None:
    """Write `artifacts/models/<task>/<model>`: weights, architecture, `history.csv`, `training.json`."""
    from pipelines.nn import hardware

    hardware.set_up()
    block = params.task(task.name)
    meta = artifacts.read_json(paths.prepared(task.name) / "meta.json")
    work = _work_folder(task.name, name, block)

    rows: list[dict[str, Any]] = []
    targets: dict[str, dict[str, Any]] = {}
    with artifacts.replacing_folder(paths.model(task.name, name)) as folder:
        for target in meta["targets"]:
            targets[target], epochs = _fit(task, name, target, meta, block, folder / target, work / target)
            rows += epochs
        history = pd.DataFrame(rows)
        history.to_csv(folder / "history.csv", index=False, float_format="%.7g")
        record = {
            "targets": targets,
            "seeds": block.training.seeds,
            "cost": {
                "parameters": max(int(entry["parameters"]) for entry in targets.values()),
                "seconds_per_epoch": float(history["seconds"].mean()),
                "epochs": len(history) / (len(targets) * len(block.training.seeds)),
                "train_seconds": float(history["seconds"].sum()),
                "peak_memory_mb": round(hardware.peak_memory_mb()),
            },
            "hardware": hardware.describe(),
            "precision": _precision(block.training),
            "xla": all(entry["xla"] for entry in targets.values()),
            "model": block.models[name].model_dump(),
            "training": block.training.model_dump(),
        }
        artifacts.write_json(folder / "training.json", record)
    shutil.rmtree(work)


def _fit(
    task: Task, name: str, target: str, meta: Meta, block: Any, folder: Path, work: Path
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Fit all seeds on one target and keep their weights; return what the record says of them, and the history."""
    import keras

    from pipelines.nn import checkpoints, layers, training

    def build() -> keras.Model:
        return task.model.build(block.models[name], meta, target)

    examples = task.data.datasets(paths.prepared(task.name), target)
    options = block.training.of(target)
    keras.mixed_precision.set_global_policy(_precision(options))
    fitting = training.Fitting(build, options, examples["train"], examples["valid"])
    loop = fitting.trainer.loop
    if loop.name == "TensorFlow":
        progress.say(f"{task.name}/{name}/{target}: the recurrent layers run in Keras's own loop: {loop.because}")
    fitted = [
        _fit_seed(fitting, seed, work / f"seed-{seed}.npz", f"{task.name}/{name}/{target}, seed {seed}", options.epochs)
        for seed in options.seeds
    ]
    # Kept, tested and explained in full precision; mixed precision is a matter of training speed.
    keras.mixed_precision.set_global_policy("float32")
    network = build()
    checkpoints.save(folder, network, options.seeds, [fit.weights for fit in fitted])
    about = {
        "parameters": layers.parameter_count(network),
        "layers": _layers(network),
        "xla": fitting.trainer.jit_compile,
        **loop.record(),
        "best_epochs": [fit.best.epoch + 1 for fit in fitted],
        "best_valid_loss": [fit.best.valid_loss for fit in fitted],
        "clip_norm": options.clip_norm,
    }
    history = [
        {"target": target, "seed": seed, **asdict(row)}
        for seed, fit in zip(options.seeds, fitted, strict=True)
        for row in fit.history
    ]
    return about, history


def _fit_seed(fitting: Any, seed: int, checkpoint: Path, what: str, epochs: int) -> Any:
    """Fit one seed, with a bar in a terminal and one line at its end."""
    with progress.bar() as bar:
        shown = bar.add_task(what, total=epochs)
        result = fitting.fit(seed, checkpoint, what, lambda row: bar.update(shown, completed=row.epoch + 1))
    best = result.best
    progress.say(f"{what}: validation loss {best.valid_loss:.4g} in epoch {best.epoch + 1} of {len(result.history)}")
    return result


def _precision(options: Any) -> str:
    return "mixed_float16" if options.mixed_precision else "float32"


def _layers(network: Any) -> list[Mapping[str, Any]]:
    """Name, class, output shape and parameters of each layer, for the report."""
    from pipelines.nn import layers

    return [
        {
            "name": layer.name,
            "kind": type(layer).__name__,
            "shape": str(tuple(layers.sequence_of(layer).shape)).replace("None", "batch", 1).replace("None", "time"),
            "parameters": layer.count_params(),
        }
        for layer in network.layers
    ]


def _work_folder(task: str, name: str, block: Any) -> Path:
    """Where this training keeps its checkpoints; emptied unless parameters, data and code are the same as before."""
    code = [*Path("pipelines/nn").glob("*.py"), Path(f"pipelines/tasks/{task}/model.py")]
    data = [path for path in paths.prepared(task).rglob("*") if path.is_file()]
    identity = {
        "model": block.models[name].model_dump(),
        "training": block.training.model_dump(),
        "files": {path.as_posix(): files.sha256(path) for path in sorted([*code, *data])},
    }
    fingerprint = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    work = paths.checkpoint(task, name)
    stored = work / "fingerprint"
    if not stored.exists() or stored.read_text() != fingerprint:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        stored.write_text(fingerprint)
    elif any(work.rglob("*.npz")):
        progress.say(f"{task}/{name}: goes on from where the last training was interrupted")
    return work
