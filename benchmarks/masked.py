"""The cost of padding in the compiled loop (`pipelines.nn.compiled_loop`) and in Keras's own: `python -m benchmarks.masked`.

Training steps of one layer on random sequences, forward and backward, in one process; in padded batches a row has half to all of the
steps, the rest is masked. Each round times every variant once, so that drift of the machine affects all alike.
"""

import statistics
import time
from itertools import product

from rich.console import Console
from rich.table import Table

BATCH, STEPS, FEATURES, UNITS = 32, 64, 64, 128
BATCHES, ROUNDS = 12, 7


def main() -> None:
    """Measure and print."""
    from pipelines.nn import hardware

    hardware.set_up()
    import keras
    import numpy as np

    from pipelines.nn import compiled_loop
    from pipelines.nn.datasets import FORECAST, WINDOW
    from pipelines.nn.heads import Regression
    from pipelines.nn.training import Trainer

    random = np.random.default_rng(1)
    inputs = random.normal(size=(BATCHES * BATCH, STEPS, FEATURES)).astype(np.float32)
    lengths = random.integers(STEPS // 2, STEPS + 1, len(inputs))
    padded = np.where((np.arange(STEPS) < lengths[:, None])[..., None], inputs, 0)
    targets = random.normal(size=(len(inputs), 1)).astype(np.float32)

    def trainer(cell: type[keras.layers.RNN], masked: bool, name: str) -> Trainer:
        keras.utils.set_random_seed(1)
        window = keras.Input((STEPS, FEATURES), name=WINDOW)
        hidden = cell(UNITS)(keras.layers.Masking()(window) if masked else window)
        head = Regression(1, "mse")
        model = Trainer(keras.Model({WINDOW: window}, head.output(hidden)), head)
        if name == "TensorFlow":
            model.loop = compiled_loop.Loop("TensorFlow", "for comparison")
        model.compile("adam", steps_per_execution=BATCHES)
        return model

    variants = list(product((keras.layers.LSTM, keras.layers.GRU), (False, True), ("XLA", "TensorFlow")))
    trainers = {variant: trainer(*variant) for variant in variants}
    times: dict[tuple[type, bool, str], list[float]] = {variant: [] for variant in variants}
    for round_ in range(ROUNDS + 1):
        for (cell, masked, name), model in trainers.items():
            began = time.perf_counter()
            model.fit({WINDOW: padded if masked else inputs}, {FORECAST: targets}, batch_size=BATCH, verbose=0)
            if round_:  # the first one traces and compiles
                times[cell, masked, name].append((time.perf_counter() - began) / (BATCHES * STEPS))
    table = Table("layer", "batches", "µs a time step, compiled", "in Keras's own loop", "compiled of Keras's")
    for cell, masked in product((keras.layers.LSTM, keras.layers.GRU), (False, True)):
        ours, theirs = times[cell, masked, "XLA"], times[cell, masked, "TensorFlow"]
        table.add_row(
            cell.__name__,
            "padded" if masked else "full",
            *(f"{1e6 * statistics.median(column):.0f}" for column in (ours, theirs)),
            f"{statistics.median(a / b for a, b in zip(ours, theirs, strict=True)):.2f}",
        )
    console = Console()
    console.print(table)
    console.print(f"Batches of {BATCH}, {STEPS} steps, {FEATURES} features, {UNITS} units; medians of {ROUNDS} rounds.")


if __name__ == "__main__":
    main()
