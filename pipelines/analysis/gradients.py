"""How far back the output depends on the input: gradients of an output with respect to every earlier input."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pipelines.contract import Array

SHARE = 0.9
"""Of the gradient's magnitude, that the effective memory length holds."""


def magnitudes(
    network: keras.Model, inputs: dict[str, Array], sequence: str, outputs: Sequence[int]
) -> dict[int, NDArray[np.float64]]:
    """For each of `outputs`, the norm over features of d output / d `inputs[sequence]`: (batch, time), the newest step last.

    This is the product of Jacobians whose vanishing and exploding Bengio et al. 1994 and Pascanu et al. 2013 describe,
    read at the input.
    """

    @tf.function
    def gradient(tensors: dict[str, tf.Tensor], output: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(tensors[sequence])
            value = tf.reduce_sum(tf.gather(network(tensors, training=False), output, axis=1))
        return tape.gradient(value, tensors[sequence])

    tensors = {name: tf.constant(value) for name, value in inputs.items()}
    gradients = {output: gradient(tensors, tf.constant(output)).numpy() for output in outputs}
    return {output: np.linalg.norm(values.astype(np.float64), axis=-1) for output, values in gradients.items()}


def aligned(values: Array, mask: Array | None) -> Array:
    """Values (batch, time, …) shifted so that the last step that is not padding comes last; NaN before the first.

    `mask` is (batch, time) bool; None: nothing is padded.
    """
    if mask is None:
        return values
    result = np.full(values.shape, np.nan, np.float64)
    for example, kept, shifted in zip(values, mask, result, strict=True):
        if kept.any():
            shifted[len(kept) - kept.sum() :] = example[kept]
    return result


def memory_length(magnitude: NDArray[np.float64]) -> float:
    """Effective memory length: how many of the last steps hold 90 % of the mean gradient magnitude.

    `magnitude` is (batch, time). A network that depends equally on all `time` steps has 0.9 * time.
    """
    from_the_end = np.nan_to_num(magnitude).mean(0)[::-1].cumsum()
    if from_the_end[-1] == 0:
        return 0.0
    return float(np.searchsorted(from_the_end, SHARE * from_the_end[-1]) + 1)


def summary(magnitude: NDArray[np.float64]) -> tuple[Array, Array, Array]:
    """Mean, 10 % and 90 % quantile over the batch, of the examples that reach as far back: (time,) each."""
    magnitude = magnitude[:, ~np.isnan(magnitude).all(0)]
    low, high = np.nanquantile(magnitude, (0.1, 0.9), axis=0)
    return np.nanmean(magnitude, axis=0), low, high
