"""What one epoch costs: threads for and per operation, and fitting seed after seed with one traced step or a new one each.

    python -m benchmarks.training

Prints medians, measured side by side in one run. Needs the prepared data: `dvc repro prepare@timeseries`.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

REPETITIONS = 3
EPOCHS = 4


def measure(threads: int, side_by_side: int, reuse: bool) -> tuple[float, float]:
    """Seconds per epoch and seconds in all, of two seeds of the LSTM on sunspots."""
    code = f"from benchmarks.training import fit; fit({threads}, {side_by_side}, {reuse})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    epoch, total = done.stdout.split()[-2:]
    return float(epoch), float(total)


def fit(threads: int, side_by_side: int, reuse: bool) -> None:
    """Fit and print; runs in a process of its own, since TensorFlow's threads are set once."""
    import time

    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(side_by_side)
    tf.config.experimental.enable_op_determinism()

    from pipelines import artifacts, params, paths, registry
    from pipelines.nn.training import Fitting

    task = registry.find("timeseries")
    block = params.load().timeseries
    meta = artifacts.read_json(paths.prepared(task.name) / "meta.json")
    examples = task.data.datasets(paths.prepared(task.name), "sunspots")
    options = block.training.model_copy(update={"epochs": EPOCHS})

    def fitting() -> Fitting:
        return Fitting(
            lambda: task.model.build(block.models["lstm"], meta, "sunspots"),
            options,
            examples["train"],
            examples["valid"],
        )

    epochs: list[float] = []
    started = time.perf_counter()
    shared = fitting()
    with tempfile.TemporaryDirectory() as folder:
        for seed in (1, 2):
            result = (shared if reuse else fitting()).fit(seed, Path(folder) / f"{seed}.npz", "benchmark")
            epochs += [row.seconds for row in result.history[1:]]
    print(statistics.median(epochs), time.perf_counter() - started)


def main() -> None:
    """Alternate the variants, so that a machine that drifts drifts for all."""
    variants = {
        "one thread": (1, 1, True),
        "operations side by side (the default)": (1, 2, True),
        "and two threads per operation": (2, 2, True),
        "the default, but traced for every seed": (1, 2, False),
    }
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    for _ in range(REPETITIONS):
        for name, variant in variants.items():
            results[name].append(measure(*variant))
    print(f"LSTM on sunspots, two seeds of {EPOCHS} epochs, median of {REPETITIONS} runs")
    for name, values in results.items():
        epoch, total = (statistics.median(column) for column in zip(*values, strict=True))
        print(f"{name:40} {epoch * 1000:6.0f} ms an epoch {total:6.1f} s in all")


if __name__ == "__main__":
    main()
