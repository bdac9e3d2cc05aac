"""Counting models of piano rolls: each key on its own."""

import numpy as np
from numpy.typing import NDArray

MARGINAL, MARKOV = "marginal", "Markov chain"
"""Names of the baselines."""
Array = NDArray[np.float64]


class CountingModel:
    """How often each key sounds in a context, as a share of the training's frames with one of each kind added (Laplace).

    A context is an integer for every frame and key, such as the style, or the style and whether the key sounded before.
    """

    def __init__(self, contexts: int, keys: int) -> None:
        self.sounding = np.ones((contexts, keys))
        self.frames = np.full((contexts, keys), 2.0)

    def fit(self, context: NDArray[np.int64], keys: NDArray[np.bool_]) -> None:
        """Count frames: `context` and `keys` are (frames, keys)."""
        cell = context * keys.shape[1] + np.arange(keys.shape[1])
        for counts, chosen in ((self.frames, cell.ravel()), (self.sounding, cell[keys])):
            counts += np.bincount(chosen, minlength=counts.size).reshape(counts.shape)

    def logits(self, context: NDArray[np.int64]) -> Array:
        """Log-odds that each key sounds: (…, keys), as `context`."""
        probabilities = (self.sounding / self.frames)[context, np.arange(context.shape[-1])]
        return np.log(probabilities) - np.log1p(-probabilities)
