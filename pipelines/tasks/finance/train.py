"""The networks of the task: a window of days in, the next days' returns or their variance out."""

from typing import Any

import keras
import tensorflow as tf

from pipelines.nn import layers
from pipelines.nn.datasets import FORECAST
from pipelines.nn.heads import Head, Regression
from pipelines.params.blocks import Model
from pipelines.tasks.finance.data import Meta, datasets
from pipelines.tasks.finance.params import FinanceTrain

__all__ = ["LogVariance", "Meta", "build", "datasets", "head"]


class LogVariance(Regression):
    """The logarithm of a variance, learned with the quasi-likelihood QLIKE (Patton 2011), up to a constant.

    `variance / forecast + ln(forecast)`: lowest in expectation at the conditional variance itself, even where the
    measured variance is only a noisy proxy of it. The logarithm keeps forecasts positive.
    """

    def __init__(self) -> None:
        super().__init__(1, "mse")

    def loss(self, targets: dict[str, Any], outputs: Any) -> Any:
        """(batch,)."""
        return tf.reduce_mean(targets[FORECAST] * tf.exp(-outputs) + outputs, axis=-1)


def head(meta: Meta, target: str, params: FinanceTrain) -> Head:
    """Scaled returns of every day of the horizon, or the log of scaled variance."""
    return LogVariance() if target == "volatility" else Regression(len(meta.targets[target].outputs), params.loss)


def build(model: Model, meta: Meta, target: str, head: Head) -> keras.Model:
    """`window` (batch, lookback, features) float32, scaled -> (batch, horizon) scaled returns or (batch, 1) log variance."""
    prices = meta.targets[target]
    return layers.window_model(prices.lookback, len(prices.features), model, head, name="finance")
