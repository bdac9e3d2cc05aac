"""What every feature at every step, or every token, adds to an output; and how exactly the contributions add up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines.contract import Array
from pipelines.nn.views import SEQUENCE

BATCH = 2048
ROWS = 256
"""Sequences between start and end whose gradients are computed at a time: a recurrent layer's steps cost little more for many rows."""
POINTS = (96, 192, 384, 768)
"""Of the integral over gradients, ever more until its values add up."""
ENOUGH = 0.05
"""Integrated gradients whose error in adding up, in nats, is larger are computed with more points."""


def _shap() -> Any:
    """shap without numba's compiler, which takes five seconds a process for loops that then run for less than one."""
    import numba

    before = numba.config.DISABLE_JIT
    numba.config.DISABLE_JIT = True
    try:
        import shap
    finally:
        numba.config.DISABLE_JIT = before
    return shap


@dataclass(frozen=True)
class Importance:
    """Contributions to the mean of the network's outputs, or to its most likely class."""

    values: NDArray[np.float64]
    """(windows, time, features), or (windows, time, dimensions) of the tokens' embeddings."""
    additivity_error: float
    """Largest |base + sum of the values - output| over the windows: 0 if the values add up exactly."""


def shapley(
    network: keras.Model, windows: NDArray[np.float32], background: NDArray[np.float32], seed: int
) -> Importance:
    """Permutation Shapley values (Štrumbelj & Kononenko 2014; shap's `PermutationExplainer`).

    `windows` is (windows, time, features); an absent input is replaced by the mean of `background`, of the same
    shape. One forward and one backward permutation a window: 2 · time · features + 1 evaluations each.
    """
    shap = _shap()
    _, steps, features = windows.shape

    def output(flat: NDArray[np.float32]) -> NDArray[np.float64]:
        batches = np.array_split(flat, -(-len(flat) // BATCH))
        values = [network.predict_on_batch({SEQUENCE: batch.reshape(-1, steps, features)}) for batch in batches]
        return np.concatenate(values).mean(1, dtype=np.float64)

    flat = windows.reshape(len(windows), -1)
    mean = background.mean(0, keepdims=True).reshape(1, -1)
    explainer = shap.PermutationExplainer(output, shap.maskers.Independent(mean), seed=seed)
    explained = explainer(flat, max_evals=2 * steps * features + 1, batch_size=BATCH, silent=True)
    base = float(np.ravel(explained.base_values)[0])
    error = float(np.abs(base + explained.values.sum(1) - output(flat)).max())
    return Importance(explained.values.reshape(-1, steps, features), error)


def integrated_gradients(
    network: keras.Model,
    inputs: dict[str, Array],
    neutral: NDArray[np.float32],
    points: Sequence[int] = POINTS,
) -> Importance:
    """What each step of a sequence adds to the most likely class (Sundararajan et al. 2017).

    `network` gives log-probabilities (batch, classes); `inputs` holds the `sequence` (windows, time, dimensions) and whatever else the
    network takes, which stays as it is. The gradient of the class that is most likely for the whole sequence is averaged along the
    straight line from a sequence of `neutral` steps (dimensions,) alone (Gauss–Legendre quadrature, with ever more `points` until the
    values add up) and multiplied by the difference: values are (windows, time, dimensions).
    """
    import tensorflow as tf

    sequences = inputs[SEQUENCE]
    start = np.broadcast_to(neutral, sequences.shape)
    likeliest = network.predict_on_batch(inputs).argmax(-1)
    rows = np.arange(len(sequences))
    after, before = (
        network.predict_on_batch({**inputs, SEQUENCE: end})[rows, likeliest].astype(np.float64)
        for end in (sequences, start)
    )
    others = {name: value for name, value in inputs.items() if name != SEQUENCE}

    @tf.function
    def gradient(between: tf.Tensor, others: dict[str, tf.Tensor], chosen: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(between)
            outputs = network({**others, SEQUENCE: between}, training=False)
            output = tf.gather(outputs, chosen, axis=1, batch_dims=1)
        return tape.gradient(output, between)

    def repeated(values: Array, times: int) -> tf.Tensor:
        return tf.constant(np.concatenate([values] * times))

    together = max(1, ROWS // len(sequences))
    for count in points:
        mean = np.zeros(sequences.shape, np.float64)
        nodes, weights = np.polynomial.legendre.leggauss(count)
        for first in range(0, count, together):
            shares = ((nodes[first : first + together] + 1) / 2).astype(np.float32)
            between = np.concatenate([start + share * (sequences - start) for share in shares])
            inputs_between = {name: repeated(value, len(shares)) for name, value in others.items()}
            slopes = gradient(tf.constant(between), inputs_between, repeated(likeliest, len(shares))).numpy()
            slopes = slopes.reshape(len(shares), *sequences.shape)
            mean += np.tensordot(weights[first : first + together] / 2, slopes.astype(np.float64), 1)
        values = mean * (sequences - start)
        error = float(np.abs(values.sum((1, 2)) - (after - before)).max())
        if error < ENOUGH:
            break
    return Importance(values, error)


def summed(values: NDArray[Any], group_of: Sequence[int] | None) -> NDArray[np.float64]:
    """Contributions (…, dimensions) summed over the dimensions of each feature: (…, features).

    `group_of` is the index of each dimension's feature; None: all belong to one feature.
    """
    groups = np.zeros(values.shape[-1], int) if group_of is None else np.asarray(group_of)
    return np.stack([values[..., groups == group].sum(-1) for group in range(groups.max() + 1)], axis=-1)
