"""Models of piano rolls that only count: each key on its own."""

import numpy as np
from numpy.typing import NDArray

MARGINAL, MARKOV = "marginal", "Markov chain"
"""Names of the baselines."""
Array = NDArray[np.float64]


class Counted:
    """How often each key sounds in a situation, as a share of the training's frames with one of each kind added (Laplace).

    A situation is a whole number for every frame and key, such as the style, or the style and whether the key sounded before.
    """

    def __init__(self, situations: int, keys: int) -> None:
        self.sounding = np.ones((situations, keys))
        self.frames = np.full((situations, keys), 2.0)

    def learn(self, situation: NDArray[np.int64], keys: NDArray[np.bool_]) -> None:
        """Count frames: `situation` and `keys` are (frames, keys)."""
        cell = situation * keys.shape[1] + np.arange(keys.shape[1])
        for counts, chosen in ((self.frames, cell.ravel()), (self.sounding, cell[keys])):
            counts += np.bincount(chosen, minlength=counts.size).reshape(counts.shape)

    def logits(self, situation: NDArray[np.int64]) -> Array:
        """Log-odds that each key sounds: (…, keys), as `situation`."""
        chances = (self.sounding / self.frames)[situation, np.arange(situation.shape[-1])]
        return np.log(chances) - np.log1p(-chances)
