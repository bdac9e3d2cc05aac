"""Forecasts of the trained networks, in returns and variances."""

from pathlib import Path

import keras
import numpy as np

from pipelines.contract import Dataset, Evaluation, Predictions
from pipelines.nn import inference, views
from pipelines.nn.heads import Head
from pipelines.tasks.finance.params import Params
from pipelines.tasks.finance.score import METRICS, Days, score_returns, score_volatility
from pipelines.tasks.finance.train import Meta, datasets, head

__all__ = ["AVERAGED", "METRICS", "Meta", "datasets", "evaluate", "head", "illustrate", "predictions", "view"]
AVERAGED = ()
"""Errors of returns and of volatility cannot be averaged."""


def predictions(
    network: keras.Model, head: Head, meta: Meta, target: str, dataset: Dataset, params: Params
) -> Predictions:
    """(windows, horizon) scaled returns, or (windows, 1) log of scaled variance."""
    return inference.predictions(network, dataset)


def evaluate(
    prepared: Path, meta: Meta, target: str, split: str, predictions: Predictions, params: Params
) -> Evaluation:
    """Score the outputs as forecasts."""
    days = Days.of(prepared, meta, target, split)
    values = np.concatenate([prediction.outputs for prediction in predictions]).astype(np.float64)
    if target == "volatility":
        return score_volatility(days, np.exp(values[:, 0]) * days.per_symbol("variance"))
    forecasts = values * days.per_symbol("std")[:, None] + days.per_symbol("mean")[:, None]
    return score_returns(days, forecasts, params.evaluate.cost_bps)


def view(network: keras.Model, head: Head, meta: Meta, target: str) -> views.View:
    """The network itself."""
    return views.of_window(network, head)


def illustrate(
    network: keras.Model, head: Head, prepared: Path, meta: Meta, target: str, params: Params, files: Path
) -> None:
    """Nothing beyond its forecasts."""
