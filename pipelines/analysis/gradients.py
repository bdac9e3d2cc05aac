"""How far back the output listens: gradients of an output with respect to every earlier input."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

SHARE = 0.9
"""Of the gradient's magnitude, that the effective memory length holds."""


def magnitudes(network: keras.Model, inputs: NDArray[np.float32], outputs: Sequence[int]) -> list[NDArray[np.float64]]:
    """For each of `outputs`, the norm over features of d output / d input: (batch, time), the newest step last.

    This is the product of Jacobians whose vanishing and exploding Bengio et al. 1994 and Pascanu et al. 2013 describe,
    read at the input.
    """

    @tf.function
    def gradient(window: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(window)
            value = tf.reduce_sum(tf.gather(network(window, training=False), output, axis=1))
        return tape.gradient(value, window)

    gradients = [gradient(tf.constant(inputs), tf.constant(output)).numpy() for output in outputs]
    return [np.linalg.norm(values.astype(np.float64), axis=-1) for values in gradients]


def memory_length(magnitude: NDArray[np.float64]) -> float:
    """Effective memory length: how many of the last steps hold 90 % of the mean gradient magnitude.

    `magnitude` is (batch, time). A network that listens to all its `time` steps alike has 0.9 * time.
    """
    from_the_end = magnitude.mean(0)[::-1].cumsum()
    if from_the_end[-1] == 0:
        return 0.0
    return float(np.searchsorted(from_the_end, SHARE * from_the_end[-1]) + 1)


def summary(magnitude: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Mean and 10 % and 90 % quantiles over the batch: (time,) each."""
    return {
        "mean": magnitude.mean(0),
        "low": np.quantile(magnitude, 0.1, axis=0),
        "high": np.quantile(magnitude, 0.9, axis=0),
    }
