"""`evaluate`: the one stage that sees the test split. Metrics of every seed, explanations of one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pipelines import artifacts, paths, progress
from pipelines.analysis import statistics
from pipelines.contract import EXPLAINED, FILES
from pipelines.params import Params
from pipelines.registry import Task

BACKGROUND = 256
"""Training windows whose mean stands for an input that is absent."""


def run(task: Task, name: str, params: Params) -> None:
    """Write `artifacts/evaluations/<task>/<model>` and `metrics/<task>/<model>.json`."""
    from pipelines.nn import hardware

    hardware.set_up()
    from pipelines.nn import checkpoints

    block = params.task(task.name)
    prepared = paths.prepared(task.name)
    meta = artifacts.read_json(prepared / "meta.json")
    trained = artifacts.read_json(paths.model(task.name, name) / "training.json")
    seeds = trained["seeds"]
    values: dict[str, dict[str, dict[str, list[float]]]] = {"test": {}, "valid": {}}
    explained: dict[str, Any] = {}

    with artifacts.replacing_folder(paths.evaluation(task.name, name)) as folder:
        for target, about in meta["targets"].items():
            progress.say(f"{task.name}/{name}/{target}: testing and explaining")
            examples = task.data.datasets(prepared, target)
            network = checkpoints.load(paths.model(task.name, name) / target)
            chosen = _median_seed(seeds, trained["targets"][target]["best_valid_loss"])
            losses = []
            for seed in seeds:
                checkpoints.load_seed(network, paths.model(task.name, name) / target, seed)
                for split in values:
                    outputs = task.model.outputs(network, examples[split])
                    scores = task.score.evaluate(prepared, meta, target, split, outputs, block)
                    for metric, value in scores.metrics.items():
                        values[split].setdefault(target, {}).setdefault(metric, []).append(value)
                    if split == "test":
                        losses.append(scores.losses)
                        if seed == chosen:
                            artifacts.write_arrays(folder / target / "samples.npz", scores.samples)
            artifacts.write_arrays(folder / target / "losses.npz", {"losses": np.stack(losses)})
            checkpoints.load_seed(network, paths.model(task.name, name) / target, chosen)
            explained[target] = {
                "seed": chosen,
                **_explain(
                    task.model.readout(network), network, examples, about, block.evaluation, chosen, folder / target
                ),
            }
            files = folder / target / FILES
            files.mkdir()
            shown = task.model.illustrate(network, prepared, meta, target, block, files)
            if not any(files.iterdir()):
                files.rmdir()  # DVC brings no empty folder back
            artifacts.write_arrays(folder / target / "illustrations.npz", shown)
        artifacts.write_json(
            folder / "evaluation.json",
            {"targets": explained, "seeds": seeds, "values": values, "cost": trained["cost"]},
        )
        artifacts.write_json(
            paths.metrics(task.name, name),
            {
                **{split: statistics.summarise(values[split], task.score.AVERAGED) for split in values},
                "cost": trained["cost"],
                "seeds": len(seeds),
            },
        )


def _median_seed(seeds: list[int], valid_losses: list[float]) -> int:
    """The seed whose validation loss is the median: neither the luckiest nor the unluckiest is explained."""
    order = np.argsort(valid_losses, kind="stable")
    return seeds[order[(len(seeds) - 1) // 2]]


def _explain(
    readout: Any, network: Any, examples: Any, about: Any, sizes: Any, seed: int, folder: Path
) -> dict[str, Any]:
    """Write the arrays of the explanations; return their small numbers."""
    from pipelines.analysis import gates
    from pipelines.nn import datasets

    explained = examples.get(EXPLAINED, examples["test"])
    windows = datasets.spread(explained, sizes.gradient_windows)
    numbers = readout.numbers(windows)
    outputs = readout.network.predict_on_batch(numbers)
    traces = gates.trace(network, windows)
    drawn = np.unique(np.linspace(0, len(windows) - 1, sizes.traced_windows).astype(int))
    return {
        "windows": len(windows),
        "layers": _explain_gates(traces, drawn, folder),
        "memory_units": _explain_memory(traces[-1], outputs, drawn, sizes.telling_units, folder),
        "memory_length": _explain_gradients(readout.network, numbers, outputs.shape[1], folder),
        **_explain_importance(
            readout,
            datasets.spread(explained, sizes.explained_windows),
            datasets.spread(examples["train"], BACKGROUND),
            about.get("group_of"),
            seed,
            folder,
        ),
    }


def _explain_gates(traces: list[Any], drawn: Any, folder: Path) -> list[dict[str, Any]]:
    from pipelines.analysis import gates, memory

    stored: dict[str, Any] = {}
    layers = []
    for traced in traces:
        saturated = gates.saturation(traced)
        for gate, activations in traced.gates.items():
            stored[f"{traced.key}/{gate}"] = activations[drawn].astype(np.float32)
        for gate, shares in saturated.items():
            for side, share in shares.items():
                stored[f"{traced.key}/{gate}/{side}"] = share
        constants = memory.time_constants(traced)
        layers.append(
            {
                "layer": traced.layer,
                "direction": traced.direction,
                "cell": traced.cell,
                "reading": traced.reading,
                "gates": list(traced.gates),
                "discrepancy": traced.discrepancy,
                "saturation": {
                    gate: {side: float(share.mean()) for side, share in shares.items()}
                    for gate, shares in saturated.items()
                },
                "gate_time_constant": None if constants.gate is None else float(np.median(constants.gate)),
                "autocorrelation_time": float(np.median(constants.autocorrelation)),
            }
        )
    artifacts.write_arrays(folder / "gates.npz", stored)
    return layers


def _explain_memory(traced: Any, outputs: Any, drawn: Any, count: int, folder: Path) -> list[int]:
    from pipelines.analysis import memory

    units, correlations = memory.telling_units(traced, outputs, count)
    constants = memory.time_constants(traced)
    stored = {
        "units": units,
        "correlations": correlations,
        "hidden_state": traced.hidden_state[drawn][..., units].astype(np.float32),
        "autocorrelation_times": constants.autocorrelation,
    }
    if traced.cell_state is not None:
        stored["cell_state"] = traced.cell_state[drawn][..., units].astype(np.float32)
    if constants.gate is not None:
        stored["gate_time_constants"] = constants.gate
    artifacts.write_arrays(folder / "memory.npz", stored)
    return units.tolist()


def _explain_gradients(network: Any, windows: Any, outputs: int, folder: Path) -> dict[str, float]:
    """Of the first and the last output; return their effective memory lengths."""
    from pipelines.analysis import gradients

    stored, lengths = {}, {}
    both = gradients.magnitudes(network, windows, (0, outputs - 1))
    for which, magnitude in zip(("first", "last"), both, strict=True):
        lengths[which] = gradients.memory_length(magnitude)
        stored.update({f"{which}/{key}": value for key, value in gradients.summary(magnitude).items()})
    artifacts.write_arrays(folder / "gradients.npz", stored)
    return lengths


def _explain_importance(
    readout: Any, windows: Any, background: Any, group_of: list[int] | None, seed: int, folder: Path
) -> dict[str, Any]:
    """Shapley values of features; integrated gradients where a class is chosen, such as the next token."""
    from pipelines.analysis import importance

    if readout.classes is not None:
        found = importance.integrated_gradients(readout.classes, readout.numbers(windows))
        found = replace(found, values=importance.summed(found.values, group_of))
    else:
        found = importance.shapley(readout.network, windows, background, seed)
    stored = {
        "by_feature": np.abs(found.values).sum(1).mean(0),
        "by_time": np.abs(found.values).sum(2).mean(0),
        "values": found.values.astype(np.float32),
    }
    artifacts.write_arrays(folder / "importance.npz", stored)
    return {"importance": {"method": found.method, "additivity_error": found.additivity_error, "windows": len(windows)}}
