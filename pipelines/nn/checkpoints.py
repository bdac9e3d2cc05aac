"""Trained networks on disk."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines import artifacts
from pipelines.nn import cells  # noqa: F401  # a saved network may contain any of the project's cells


def save(
    folder: Path, network: keras.Model, seeds: Sequence[int], weights: Sequence[list[NDArray[np.float32]]]
) -> None:
    """Write the architecture once and the weights of every seed.

    As JSON and `.npz`, in the order of `get_weights`. Not as a `.keras` archive, whose timestamp would give the same training other bytes
    every time, nor as HDF5, which has no checksums and may crash Python on a full disk.
    """
    with artifacts.replacing(folder / "architecture.json") as partial:
        partial.write_text(network.to_json(indent=1, sort_keys=True) + "\n", encoding="utf-8")
    for seed, values in zip(seeds, weights, strict=True):
        artifacts.write_arrays(_weights(folder, seed), {str(index): array for index, array in enumerate(values)})


def load(folder: Path) -> keras.Model:
    """The network that `save` wrote; `load_seed` gives it weights. A task's own layers must have been imported.

    Raise `MissingStageError` or `DamagedError`.
    """
    path = folder / "architecture.json"
    with artifacts.reading(path):
        return keras.models.model_from_json(path.read_text(encoding="utf-8"))


def load_seed(network: keras.Model, folder: Path, seed: int) -> None:
    """Give `network` the weights of `seed`; raise `MissingStageError` or `DamagedError`."""
    path = _weights(folder, seed)
    stored = artifacts.read_arrays(path)
    with artifacts.reading(path):
        network.set_weights([stored[str(index)] for index in range(len(stored))])


def _weights(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}.npz"
