"""Principal components of the pretrained network's features, fitted on frames of the training part."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines import artifacts

FITTED = 8192
"""Frames of the training part that the components are fitted on, at most: they have to fit in memory."""


@dataclass(frozen=True)
class Projection:
    """Centred, projected, and divided by one number: the components keep their proportions, and so their noise is not blown up."""

    mean: NDArray[np.float32]
    """(features,)."""
    components: NDArray[np.float32]
    """(features, components)."""
    scale: float
    """Root of the components' mean variance."""
    explained: float
    """Share of the variance that the components keep."""

    @classmethod
    def fitted(cls, features: NDArray[Any], components: int) -> "Projection":
        """As many components as asked for, or as there can be."""
        from sklearn.decomposition import PCA

        rows = features.astype(np.float32)
        count = min(components, *rows.shape)
        pca = PCA(count, svd_solver="randomized", random_state=0).fit(rows)
        scale = float(np.sqrt(pca.explained_variance_.mean())) or 1.0
        return cls(pca.mean_, pca.components_.T, scale, float(pca.explained_variance_ratio_.sum()))

    def __call__(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """(…, features) -> (…, components)."""
        projected = (features.astype(np.float32) - self.mean) @ self.components / self.scale
        return projected.astype(np.float32)

    def save(self, path: Path) -> None:
        """Write it as a record."""
        artifacts.write_record(path, self)

    @classmethod
    def open(cls, path: Path) -> "Projection":
        """What `save` wrote."""
        return artifacts.read_record(path, cls)
