"""A training step on padded batches of like lengths in the compiled loop, against Keras's own loop on batches padded to the longest text.

`python -m benchmarks.padding`. Texts have the lengths of Reuters R8's (quantiles of its training part), random words and classes; the
networks are those of the task topics. Each round trains an epoch of every variant once, so that drift of the machine affects all alike.
"""

import statistics
import time

from rich.console import Console
from rich.table import Table

QUANTILES = {0: 5, 0.01: 9, 0.25: 33, 0.5: 66, 0.75: 117, 0.9: 248, 0.95: 355, 0.99: 642, 1: 964}
"""Share of R8's training texts -> words that they have at most."""
TEXTS, VOCABULARY, CLASSES = 512, 10_000, 8
ROUNDS = 3


def main() -> None:
    """Measure and print."""
    from pipelines.nn import hardware

    hardware.set_up()
    import keras
    import numpy as np

    from pipelines import registry
    from pipelines.nn import compiled_loop, datasets
    from pipelines.nn.heads import Classifier
    from pipelines.nn.training import Trainer
    from pipelines.text_classification.data import Texts
    from pipelines.text_classification.network import text_classifier

    params = registry.find("topics").params()
    size = params.train.batch_size
    random = np.random.default_rng(1)
    drawn = np.interp(random.random(TEXTS), list(QUANTILES), list(QUANTILES.values()))
    lengths = drawn.astype(int)
    longest = int(lengths.max())
    words = random.integers(4, VOCABULARY, lengths.sum()).astype(np.int32)
    labels = random.integers(0, CLASSES, TEXTS).astype(np.int32)
    sizes = datasets.even_sizes(lengths, params.prepare.lengths)
    alike, padded = (Texts(words, lengths.cumsum(), labels, lengths_) for lengths_ in (sizes, [longest]))
    steps = TEXTS // size

    def trainer(name: str, loop: str) -> Trainer:
        keras.utils.set_random_seed(1)
        head = Classifier(CLASSES)
        model = Trainer(text_classifier(VOCABULARY, params.models[name], head, name), head)
        if loop == "Keras":
            model.loop = compiled_loop.Loop("TensorFlow", "for comparison")
        model.compile("adam", steps_per_execution=steps)
        return model

    def batches(loop: str, round_: int) -> object:
        if loop == "Keras":
            return datasets.once(padded, list(random.permutation(TEXTS)[: steps * size].reshape(steps, size)))
        return datasets.once(alike, datasets.shuffled(alike, size, 1, round_)[:steps])

    variants = [(name, loop) for name in params.models for loop in ("ours", "Keras")]
    trainers = {variant: trainer(*variant) for variant in variants}
    times: dict[tuple[str, str], list[float]] = {variant: [] for variant in variants}
    for round_ in range(ROUNDS + 1):
        for (name, loop), model in trainers.items():
            began = time.perf_counter()
            model.fit(batches(loop, round_), steps_per_epoch=steps, shuffle=False, verbose=0)
            if round_:  # the first one traces and compiles
                times[name, loop].append((time.perf_counter() - began) / steps)
    table = Table(
        "model", "ms a step, like lengths, compiled", "padded to the longest, Keras's own loop", "times faster"
    )
    for name in params.models:
        ours, theirs = times[name, "ours"], times[name, "Keras"]
        table.add_row(
            name,
            *(f"{1e3 * statistics.median(column):.0f}" for column in (ours, theirs)),
            f"{statistics.median(b / a for a, b in zip(ours, theirs, strict=True)):.1f}",
        )
    console = Console()
    console.print(table)
    console.print(
        f"{TEXTS:,} texts of {lengths.mean():.0f} words on average, none cut; batches of {size}, padded to {sizes} or to "
        f"{longest}; medians of {ROUNDS} epochs."
    )


if __name__ == "__main__":
    main()
