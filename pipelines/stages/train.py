"""`train`: fit every seed of a model on every target, in one process."""

import hashlib
import json
import shutil
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines import artifacts, paths, progress
from pipelines.params import Params
from pipelines.registry import Task
from pipelines.sources import files


def run(task: Task, name: str, params: Params) -> None:
    """Write `artifacts/models/<task>/<model>`: weights, architecture, `history.csv`, `training.json`."""
    from pipelines.nn import hardware

    block = params.task(task.name)
    hardware.set_up()
    import keras

    from pipelines.nn import networks, recurrent, training

    prepared = paths.prepared(task.name)
    meta = artifacts.read_json(prepared / "meta.json")
    work = _work_folder(task.name, name, block, prepared)

    precision = "mixed_float16" if block.training.mixed_precision else "float32"
    rows: list[dict[str, Any]] = []
    targets: dict[str, dict[str, Any]] = {}
    with artifacts.replacing_folder(paths.model(task.name, name)) as folder, progress.bar() as bar:
        for target in meta["targets"]:
            examples = task.data.datasets(prepared, target)

            def build(target: str = target) -> keras.Model:
                return task.model.build(block.models[name], meta, target)

            keras.mixed_precision.set_global_policy(precision)
            fitting = training.Fitting(
                build, block.training, examples["train"], examples["valid"], block.training.loss_of(target)
            )
            fitted = []
            for seed in block.training.seeds:
                what = f"{task.name}/{name}/{target}, seed {seed}"
                shown = bar.add_task(what, total=block.training.epochs)
                result = fitting.fit(
                    seed,
                    work / target / f"seed-{seed}.npz",
                    what,
                    partial(_advance, bar, shown),
                )
                bar.remove_task(shown)
                progress.say(
                    f"{what}: validation loss {result.best.valid_loss:.4g} in epoch {result.best.epoch + 1} "
                    f"of {len(result.history)}"
                )
                fitted.append(result)
                rows += [{"target": target, "seed": seed, **asdict(row)} for row in result.history]
            # Kept, tested and explained in full precision; mixed precision is a matter of training speed.
            keras.mixed_precision.set_global_policy("float32")
            networks.save(folder / target, build(), block.training.seeds, [fit.weights for fit in fitted])
            uses_cudnn, why = recurrent.cudnn(fitting.network)
            targets[target] = {
                "parameters": recurrent.parameter_count(fitting.network),
                "layers": _layers(fitting.network),
                "cudnn": uses_cudnn,
                "kernel": why,
                "best_epochs": [fit.best.epoch + 1 for fit in fitted],
                "best_valid_loss": [fit.best.valid_loss for fit in fitted],
            }
        history = pd.DataFrame(rows)
        history.to_csv(folder / "history.csv", index=False, float_format="%.7g")
        record = {
            "targets": targets,
            "seeds": block.training.seeds,
            "cost": {
                "parameters": max(int(entry["parameters"]) for entry in targets.values()),
                "seconds_per_epoch": float(history["seconds"].mean()),
                "epochs": float(len(history) / (len(targets) * len(block.training.seeds))),
                "train_seconds": float(history["seconds"].sum()),
                "peak_memory_mb": round(hardware.peak_memory_mb()),
            },
            "hardware": hardware.describe(),
            "precision": precision,
            "xla": block.training.xla,
            "model": block.models[name].model_dump(),
            "training": block.training.model_dump(),
        }
        artifacts.write_json(folder / "training.json", record)
    shutil.rmtree(work)


def _advance(bar: Any, shown: Any, _: Any) -> None:
    bar.advance(shown)


def _layers(network: Any) -> list[dict[str, Any]]:
    """Name, class, output shape and parameters of each layer, for the report."""
    return [
        {
            "name": layer.name,
            "kind": type(layer).__name__,
            "shape": str(tuple(layer.output.shape)).replace("None", "batch"),
            "parameters": layer.count_params(),
        }
        for layer in network.layers
    ]


def _work_folder(task: str, name: str, block: Any, prepared: Path) -> Path:
    """Where this training keeps its checkpoints; emptied unless parameters, data and code are the same as before."""
    code = [*Path("pipelines/nn").glob("*.py"), Path(f"pipelines/tasks/{task}/model.py")]
    data = [path for path in prepared.rglob("*") if path.is_file()]
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
