"""Forecasts of the trained networks, in the series' own unit."""

from pathlib import Path

import keras
import numpy as np

from pipelines import artifacts
from pipelines.contract import Dataset, Evaluation, Predictions
from pipelines.nn import inference, views
from pipelines.nn.heads import Head
from pipelines.tasks.timeseries.data import forecasts, table_of
from pipelines.tasks.timeseries.params import Params
from pipelines.tasks.timeseries.score import METRICS, score
from pipelines.tasks.timeseries.train import Meta, datasets, head

__all__ = ["AVERAGED", "METRICS", "Meta", "datasets", "evaluate", "head", "illustrate", "predictions", "view"]
AVERAGED = ("mase", "smape")


def predictions(
    network: keras.Model, head: Head, meta: Meta, target: str, dataset: Dataset, params: Params
) -> Predictions:
    """Scaled outputs, (windows, horizon)."""
    return inference.predictions(network, dataset)


def evaluate(
    prepared: Path, meta: Meta, target: str, split: str, predictions: Predictions, params: Params
) -> Evaluation:
    """Score scaled outputs as forecasts of the series."""
    series, table = meta.targets[target], table_of(prepared, target)
    origins = artifacts.read_array(prepared / target / f"{split}.npy")
    outputs = np.concatenate([prediction.outputs for prediction in predictions])
    return score(table, series, origins, forecasts(table, series, origins, outputs))


def view(network: keras.Model, head: Head, meta: Meta, target: str) -> views.View:
    """The network itself."""
    return views.of_window(network, head)


def illustrate(
    network: keras.Model, head: Head, prepared: Path, meta: Meta, target: str, params: Params, files: Path
) -> None:
    """Nothing beyond its forecasts."""
