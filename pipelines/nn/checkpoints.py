"""Trained networks on disk."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines.errors import MissingStageError
from pipelines.nn import cells  # noqa: F401  # a saved network may contain any of the project's cells


def save(
    folder: Path, network: keras.Model, seeds: Sequence[int], weights: Sequence[list[NDArray[np.float32]]]
) -> None:
    """Write the architecture once and the weights of every seed.

    As JSON and HDF5, not as a `.keras` archive, which contains a timestamp: the same training would never write the same
    bytes twice.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "architecture.json").write_text(network.to_json(indent=1, sort_keys=True) + "\n")
    for seed, values in zip(seeds, weights, strict=True):
        network.set_weights(values)
        network.save_weights(folder / f"seed-{seed}.weights.h5")


def load(folder: Path) -> keras.Model:
    """The network that `save` wrote; `load_seed` gives it weights. A task's own layers must have been imported."""
    path = folder / "architecture.json"
    if not path.exists():
        raise MissingStageError(f"{path} is missing: run `dvc repro`, which trains the model first")
    return keras.models.model_from_json(path.read_text())


def load_seed(network: keras.Model, folder: Path, seed: int) -> None:
    """Give `network` the weights of `seed`."""
    network.load_weights(folder / f"seed-{seed}.weights.h5")
