"""The networks of the task: a window of steps in, all steps of the horizon out."""

import keras

from pipelines.nn import layers
from pipelines.nn.heads import Head, Regression
from pipelines.params.blocks import Model
from pipelines.tasks.timeseries.data import Meta, datasets
from pipelines.tasks.timeseries.params import ForecastTrain

__all__ = ["Meta", "build", "datasets", "head"]


def head(meta: Meta, target: str, params: ForecastTrain) -> Head:
    """All steps of the horizon, scaled."""
    return Regression(meta.targets[target].horizon, params.loss)


def build(model: Model, meta: Meta, target: str, head: Head) -> keras.Model:
    """`window` (batch, lookback, features) float32, scaled -> (batch, horizon) float32, scaled."""
    series = meta.targets[target]
    return layers.window_model(series.lookback, len(series.features), model, head, name="timeseries")
