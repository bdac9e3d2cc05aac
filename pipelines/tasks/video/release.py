"""The networks of the task as functions from the frames of a clip to the probability of each class."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pipelines import paths
from pipelines.nn.datasets import WINDOW
from pipelines.nn.export import Input, RawFunction
from pipelines.tasks.video import pretrained
from pipelines.tasks.video.data import FRAMES, PROJECTION
from pipelines.tasks.video.params import Params
from pipelines.tasks.video.projection import Projection
from pipelines.tasks.video.train import Meta

__all__ = ["LIMITS", "PIPELINE", "USE", "Meta", "raw_function"]
PIPELINE = "video-classification"
USE = (
    "Says which of the classes that it was trained on happens in a short clip, from frames spread evenly over its time."
)
LIMITS = (
    "It gives every clip one of its classes, whatever happens in it.",
    "It sees some frames of a clip: what happens between two of them it does not see.",
    "Trained on the sample, it knows rendered clips of one moving digit alone.",
)
Tensor = Any


def raw_function(network: keras.Model, meta: Meta, target: str, params: Params, prepared: Path) -> RawFunction:
    """`frames` (batch, time, side, side, 3) -> `probabilities` (batch, classes) and `class` (batch,)."""
    label = meta.label
    classes = tf.constant(label.classes)
    if WINDOW in network.input:
        side = label.side
        extract = pretrained.network_of_features(paths.raw("video"), side, label.stage, label.grid)
        project = Projection.open(prepared / PROJECTION)

        def inputs(frames: Tensor) -> dict[str, Tensor]:
            shape = tf.shape(frames)
            features = extract(tf.reshape(frames, (-1, side, side, 3)))
            # As they are stored: in half precision.
            centred = tf.cast(tf.cast(features, tf.float16), tf.float32) - project.mean
            components = centred @ project.components / np.float32(project.scale)
            return {WINDOW: tf.reshape(components, (shape[0], shape[1], label.components))}
    else:
        side, extract = label.stored_side, None

        def inputs(frames: Tensor) -> dict[str, Tensor]:
            return {FRAMES: frames}

    def call(frames: Tensor) -> dict[str, Tensor]:
        probabilities = tf.nn.softmax(network(inputs(frames), training=False))
        return {"probabilities": probabilities, "class": tf.gather(classes, tf.argmax(probabilities, -1))}

    meaning = f"{label.lookback} frames of each clip, evenly over its time, in red, green and blue, {side} pixels wide and high"
    return RawFunction(
        call,
        {
            "frames": Input(
                (None, None, side, side, 3), "uint8", meaning, f"[[[[[255] * 3] * {side}] * {side}] * {label.lookback}]"
            )
        },
        {"probabilities": f"of {', '.join(label.classes)}", "class": "the likeliest"},
        () if extract is None else (extract,),
        ("Decoding the file, turning it upright and scaling its frames are left to `gatehouse predict`.",),
    )
