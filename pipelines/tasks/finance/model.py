"""The networks of the task: a window of days in, the next days' returns or their variance out."""

import keras

from pipelines.contract import Meta
from pipelines.nn import layers
from pipelines.nn.forecasts import illustrate, outputs, readout
from pipelines.params.blocks import Model

__all__ = ["build", "illustrate", "outputs", "readout"]


def build(model: Model, meta: Meta, target: str) -> keras.Model:
    """(batch, lookback, features) float32, scaled -> (batch, horizon) scaled returns or (batch, 1) log variance."""
    about = meta["targets"][target]
    inputs = (about["lookback"], len(about["features"]))
    return layers.window_model(inputs, model, outputs=len(about["outputs"]), name="finance")
