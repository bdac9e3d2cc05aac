"""Shapley values of every feature at every step, and how well they add up."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

BATCH = 2048


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
    """Contributions to the mean of the network's outputs."""

    values: NDArray[np.float64]
    """(windows, time, features)."""
    base: float
    """The output for the background window, from which contributions count."""
    additivity_error: float
    """Largest |base + sum of the values - output| over the windows: 0 for exact bookkeeping."""


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
        values = [network.predict_on_batch(batch.reshape(-1, steps, features)) for batch in batches]
        return np.concatenate(values).mean(1, dtype=np.float64)

    flat = windows.reshape(len(windows), -1)
    mean = background.mean(0, keepdims=True).reshape(1, -1)
    explainer = shap.PermutationExplainer(output, shap.maskers.Independent(mean), seed=seed)
    explained = explainer(flat, max_evals=2 * steps * features + 1, batch_size=BATCH, silent=True)
    base = float(np.ravel(explained.base_values)[0])
    error = float(np.abs(base + explained.values.sum(1) - output(flat)).max())
    return Importance(explained.values.reshape(-1, steps, features), base, error)
