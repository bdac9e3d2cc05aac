"""How long a trained network takes for an item."""

from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from pipelines.contract import Dataset

if TYPE_CHECKING:
    import keras

ITEMS = 32
"""At most, in one batch."""
RUNS = 9


def seconds_an_item(network: "keras.Model", dataset: Dataset) -> float:
    """Seconds that one forward pass over the first examples of `dataset` takes, per example: the median of several passes.

    One batch of up to `ITEMS` examples, one thread per operation; the first pass, which compiles, is not timed. A decoder reads the
    target as in training; how long it takes to write one depends on the search.
    """
    items = min(len(dataset), ITEMS)
    inputs = dataset.batch(np.arange(items)).inputs
    network.predict_on_batch(inputs)
    seconds = []
    for _ in range(RUNS):
        start = perf_counter()
        network.predict_on_batch(inputs)
        seconds.append(perf_counter() - start)
    return median(seconds) / items
