"""What a trained network says of a clip after each of its frames."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines.contract import Array
from pipelines.nn.inference import Stepper
from pipelines.nn.views import SEQUENCE
from pipelines.tasks.video.network import parts


class Running:
    """The network, frame by frame: after each the output is that of a clip that ends there."""

    def __init__(self, network: keras.Model) -> None:
        self.reader, after = parts(network)
        self.stepper = Stepper(after)

    def logits(self, inputs: dict[str, Array]) -> NDArray[np.float32]:
        """(batch, time, classes)."""
        sequence = self.reader.predict_on_batch(inputs)
        states: list[Any] | None = None
        outputs = []
        for step in range(sequence.shape[1]):
            logits, states = self.stepper({SEQUENCE: sequence[:, step : step + 1]}, states)
            outputs.append(logits.numpy())
        return np.stack(outputs, axis=1)
