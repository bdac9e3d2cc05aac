"""What a step of each cell costs beside Keras's own LSTM, at equal parameters: `python -m benchmarks.cells`.

Every cell is trained as the stages train it, with a compiled loop (`pipelines.nn.compiled_loop`); Keras's LSTM also in Keras's own
loop. Training steps of one layer on random sequences, forward and backward, in one process; each round times every
cell once, so that drift of the machine affects all alike.
"""

import statistics
import time

from rich.console import Console
from rich.table import Table

BATCH, STEPS, FEATURES, UNITS = 32, 64, 64, 128
BATCHES, ROUNDS = 12, 7
IN_KERAS = "lstm in Keras's loop"


def main() -> None:
    """Measure and print."""
    from pipelines.nn import hardware

    hardware.set_up()
    import keras
    import numpy as np

    from pipelines.nn import layers
    from pipelines.nn.heads import Regression
    from pipelines.nn.training import Trainer
    from pipelines.params.blocks import Model, RecurrentLayer
    from pipelines.params.cells import CELLS

    keras.utils.set_random_seed(1)
    random = np.random.default_rng(1)
    inputs = {"window": random.normal(size=(BATCHES * BATCH, STEPS, FEATURES)).astype(np.float32)}
    targets = {"forecast": random.normal(size=(BATCHES * BATCH, 1)).astype(np.float32)}
    head = Regression(1, "mse")

    def network(cell: str, budget: int | None, compiled: bool = True) -> keras.Model:
        layer = RecurrentLayer(cell=cell, units=UNITS)
        options = Model(recurrent=(layer,), dense=(), dropout=0.0, parameters=budget)
        built = layers.window_model(STEPS, FEATURES, options, head, name=cell)
        model = Trainer(built, head) if compiled else built
        model.compile("adam", None if compiled else "mse", steps_per_execution=BATCHES)
        fit(model)  # traces the step
        return model

    def fit(model: keras.Model) -> None:
        labels = targets if isinstance(model, Trainer) else targets["forecast"]
        model.fit(inputs, labels, batch_size=BATCH, verbose=0)

    in_keras = network("lstm", None, compiled=False)
    budget = layers.parameter_count(in_keras)
    built = {IN_KERAS: in_keras, **{cell: network(cell, budget) for cell in CELLS}}
    times: dict[str, list[float]] = {cell: [] for cell in built}
    for _ in range(ROUNDS):
        for cell, model in built.items():
            began = time.perf_counter()
            fit(model)
            times[cell].append((time.perf_counter() - began) / (BATCHES * STEPS))
    table = Table("cell", "units", "parameters", "µs a time step", "of Keras's LSTM in Keras's loop", "of it compiled")
    for cell, model in built.items():
        network_of = model.network if isinstance(model, Trainer) else model
        table.add_row(
            cell,
            str(next(iter(layers.directions(network_of).values())).cell.units),
            f"{layers.parameter_count(network_of):,}",
            f"{1e6 * statistics.median(times[cell]):.0f}",
            *(
                f"{statistics.median(a / b for a, b in zip(times[cell], times[other], strict=True)):.2f}"
                for other in (IN_KERAS, "lstm")
            ),
        )
    console = Console()
    console.print(table)
    console.print(
        f"Batches of {BATCH}, {STEPS} steps, {FEATURES} features; medians of {ROUNDS} rounds, forward and backward."
    )


if __name__ == "__main__":
    main()
