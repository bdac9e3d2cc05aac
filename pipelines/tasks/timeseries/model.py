"""The networks of the task: a window of steps in, all steps of the horizon out."""

import keras

from pipelines.contract import Meta
from pipelines.nn import layers
from pipelines.nn.forecasts import illustrate, outputs, readout
from pipelines.params.blocks import Model

__all__ = ["build", "illustrate", "outputs", "readout"]


def build(model: Model, meta: Meta, target: str) -> keras.Model:
    """(batch, lookback, features) float32, scaled -> (batch, horizon) float32, scaled."""
    series = meta["targets"][target]
    inputs = (series["lookback"], len(series["features"]))
    return layers.window_model(inputs, model, outputs=series["horizon"], name="timeseries")
