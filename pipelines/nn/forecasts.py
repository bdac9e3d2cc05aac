"""What a network that sees a window of numbers and gives a vector offers the stages: the same for every such task."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines.contract import Meta
from pipelines.nn import datasets
from pipelines.nn.checkpoints import BATCH, Readout


def outputs(network: keras.Model, examples: datasets.Examples) -> Iterator[NDArray[np.float32]]:
    """The network's outputs for all examples in their order, a batch at a time: (batch, outputs) float32."""
    for inputs, _ in datasets.in_order(examples, BATCH):
        yield network.predict_on_batch(inputs)


def readout(network: keras.Model) -> Readout:
    """The network itself: its inputs are numbers already, and what it puts out is what is explained."""
    return Readout(lambda windows: windows, network)


def illustrate(
    network: keras.Model, prepared: Path, meta: Meta, target: str, params: Any, files: Path
) -> dict[str, NDArray[Any]]:
    """Nothing beyond its forecasts."""
    return {}
