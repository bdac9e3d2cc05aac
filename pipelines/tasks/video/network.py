"""From the frames of a clip to its class."""

from typing import Any

import keras
from keras import ops

from pipelines.nn import layers
from pipelines.nn.datasets import WINDOW
from pipelines.nn.heads import Head
from pipelines.nn.views import SEQUENCE
from pipelines.params.blocks import RecurrentLayer
from pipelines.tasks.video.data import FRAMES, VideoTarget
from pipelines.tasks.video.params import VideoModel

Tensor = Any
READ = "read"
"""Name of the layer whose output, (batch, time, features), the recurrent layers read; all before it sees no later frame."""
CNN_UNITS = 64
"""Features of a frame that the network's own CNN makes."""


@keras.saving.register_keras_serializable("gatehouse")
class WithChanges(keras.layers.Layer):
    """The features of a frame, and their difference from those of the frame before, divided by `scale`: (batch, time, 2 * features).

    The first frame has no change.
    """

    def __init__(self, scale: float, **options: Any) -> None:
        super().__init__(**options)
        self.scale = scale

    def call(self, features: Tensor) -> Tensor:
        """The features, then the changes."""
        changes = (features[:, 1:] - features[:, :-1]) / self.scale
        return ops.concatenate([features, ops.pad(changes, [[0, 0], [1, 0], [0, 0]])], axis=-1)

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """Twice the features."""
        return (*input_shape[:-1], 2 * input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """For saving."""
        return {**super().get_config(), "scale": self.scale}


def video_classifier(target: VideoTarget, model: VideoModel, head: Head, name: str) -> keras.Model:
    """Features of frames, recurrent layers, dense layers with ReLU, then the head.

    The input is `window` (batch, time, components), or `frames` (batch, time, side, side, 3) for a model with a CNN of its own; any number
    of frames. -> (batch, …).
    """

    def build(stack: tuple[RecurrentLayer, ...]) -> keras.Model:
        source, hidden = _own_features(target, model) if model.cnn else _given_features(target)
        if model.changes:
            hidden = WithChanges(1.0 if model.cnn else target.change, name="with_changes")(hidden)
        hidden = keras.layers.Identity(name=READ)(hidden)
        for index, options in enumerate(stack, start=1):
            recurrent = layers.layer(options, return_sequences=index < len(stack), name=f"{options.cell}_{index}")
            hidden = keras.layers.Dropout(model.dropout, name=f"dropout_{index}")(recurrent(hidden))
        return keras.Model({source.name: source}, head.output(layers.dense(hidden, model)), name=name)

    return layers.size_matched(build, model)


def _given_features(target: VideoTarget) -> tuple[Tensor, Tensor]:
    window = keras.Input((None, target.components), name=WINDOW)
    return window, window


def _own_features(target: VideoTarget, model: VideoModel) -> tuple[Tensor, Tensor]:
    """Convolutions of every frame for itself: of 1 × 3 × 3, which is what `TimeDistributed` makes of one of 3 × 3, but in a single call."""
    side = target.stored_side
    frames = keras.Input((None, side, side, 3), dtype="uint8", name=FRAMES)
    hidden = keras.layers.Rescaling(1 / 127.5, -1.0, name="scaled")(frames)
    for index, channels in enumerate(model.cnn, start=1):
        hidden = keras.layers.Conv3D(
            channels, (1, 3, 3), (1, 2, 2), "same", activation="relu", name=f"convolution_{index}"
        )(hidden)
        side = -(-side // 2)
    hidden = keras.layers.Reshape((-1, side * side * model.cnn[-1]), name="flattened")(hidden)
    return frames, keras.layers.Dense(CNN_UNITS, activation="relu", name="frame_features")(hidden)


def parts(network: keras.Model) -> tuple[keras.Model, keras.Model]:
    """What the recurrent layers read of a clip, and the network from there on (`sequence` -> outputs)."""
    read = network.get_layer(READ).output
    after = keras.Model(read, network.output)
    sequence = keras.Input(read.shape[1:], name=SEQUENCE)
    return keras.Model(network.input, read), keras.Model({SEQUENCE: sequence}, after(sequence))
