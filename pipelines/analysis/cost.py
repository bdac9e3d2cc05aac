"""What models cost to train: how long until each reaches a loss that all of them reach."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def to_reach(histories: "Mapping[str, pd.DataFrame]", target: str) -> dict[str, Any]:
    """Epochs and seconds of training until the validation loss that every run reaches, the mean over seeds of each model.

    That loss is the best one of the worst run. `histories` have the columns target, seed, epoch (from 0), valid_loss and seconds. A model
    has None where a seed never had a finite validation loss.
    """
    runs = {
        model: [rows.sort_values("epoch") for _, rows in history[history["target"] == target].groupby("seed")]
        for model, history in histories.items()
    }
    best = [float(run["valid_loss"].min()) for of_model in runs.values() for run in of_model]
    finite = [loss for loss in best if np.isfinite(loss)]
    if not finite:
        return {"valid_loss": None, "models": dict.fromkeys(runs)}
    level = max(finite)
    return {"valid_loss": level, "models": {model: _mean(of_model, level) for model, of_model in runs.items()}}


def _mean(runs: "list[pd.DataFrame]", level: float) -> dict[str, float] | None:
    reached = [(run["valid_loss"] <= level).to_numpy() for run in runs]
    if not all(epochs.any() for epochs in reached):
        return None
    numbers = [int(epochs.argmax()) + 1 for epochs in reached]
    seconds = [float(run["seconds"].iloc[:number].sum()) for run, number in zip(runs, numbers, strict=True)]
    return {"epochs": float(np.mean(numbers)), "seconds": float(np.mean(seconds))}
