"""The cost of one epoch: threads, compiled loops, memory kept by the C library, one traced step for all seeds.

    python -m benchmarks.training

Prints medians, measured side by side in one run. Needs the prepared data: `dvc repro prepare@timeseries prepare@language`.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

REPETITIONS = 3


@dataclass(frozen=True)
class Variant:
    """A model to fit, and how."""

    title: str
    task: str = "timeseries"
    target: str = "sunspots"
    seeds: int = 2
    epochs: int = 4
    threads: int = 1
    side_by_side: int = 2
    reuse: bool = True
    """One traced step for all seeds."""
    keep: bool = True
    """Whether the C library keeps freed memory instead of returning it to the system."""
    compiled: bool = True
    """Whether the loop over the steps is compiled (`pipelines.nn.compiled_loop`)."""


on_text = partial(Variant, task="language", target="text", seeds=1, epochs=2)
VARIANTS = (
    Variant("sunspots: operations side by side (the default)"),
    Variant("sunspots: one thread", side_by_side=1),
    Variant("sunspots: and two threads per operation", threads=2),
    Variant("sunspots: TensorFlow's loop", compiled=False),
    Variant("sunspots: TensorFlow's loop, one thread", compiled=False, side_by_side=1),
    Variant("sunspots: the default, but traced for every seed", reuse=False),
    on_text("text: the default"),
    on_text("text: one thread", side_by_side=1),
    on_text("text: TensorFlow's loop", compiled=False),
    on_text("text: TensorFlow's loop, one thread", compiled=False, side_by_side=1),
    on_text("text: memory returned after every step", keep=False),
)


def measure(variant: Variant) -> tuple[float, float]:
    """Seconds per epoch and seconds in all of the task's LSTM, in a process of its own: TensorFlow's threads are set once."""
    code = f"from benchmarks.training import Variant, fit; fit({variant})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    epoch, total = done.stdout.split()[-2:]
    return float(epoch), float(total)


def fit(variant: Variant) -> None:
    """Fit and print."""
    import time

    from pipelines.nn import hardware

    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
    if variant.keep:
        hardware.keep_memory()

    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(variant.threads)
    tf.config.threading.set_inter_op_parallelism_threads(variant.side_by_side)
    tf.config.experimental.enable_op_determinism()

    from pipelines import artifacts, paths, registry
    from pipelines.nn import compiled_loop, loop_choice
    from pipelines.nn.training import Fitting

    if not variant.compiled:
        loop_choice.choose = lambda network: compiled_loop.Loop("TensorFlow", "as the variant says")
    task = registry.find(variant.task)
    params, stage, prepared = task.params(), task.stage("train"), paths.prepared(task.name)
    meta = artifacts.read(prepared / "meta.json", stage.Meta)
    examples = stage.datasets(prepared, meta, variant.target)
    options = params.train.of(variant.target).model_copy(update={"epochs": variant.epochs})
    head = stage.head(meta, variant.target, options)

    def fitting() -> Fitting:
        return Fitting(
            lambda: stage.build(params.models["lstm"], meta, variant.target, head),
            head,
            options,
            examples["train"],
            examples["valid"],
        )

    epochs: list[float] = []
    started = time.perf_counter()
    shared = fitting()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, variant.seeds + 1):
            result = (shared if variant.reuse else fitting()).fit(seed, Path(folder) / f"{seed}.npz", "benchmark")
            epochs += [row.seconds for row in result.history[1:]]
    print(statistics.median(epochs), time.perf_counter() - started)


def main() -> None:
    """Alternate the variants, so that drift of the machine affects all alike."""
    results: dict[Variant, list[tuple[float, float]]] = {variant: [] for variant in VARIANTS}
    for _ in range(REPETITIONS):
        for variant in VARIANTS:
            results[variant].append(measure(variant))
    print(f"LSTM, median of {REPETITIONS} runs")
    for variant, values in results.items():
        epoch, total = (statistics.median(column) for column in zip(*values, strict=True))
        print(f"{variant.title:50} {epoch * 1000:7.0f} ms an epoch {total:6.1f} s in all")


if __name__ == "__main__":
    main()
