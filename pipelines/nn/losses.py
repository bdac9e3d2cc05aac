"""Losses by the name that `params.yaml` gives them."""

from collections.abc import Callable

import keras
import tensorflow as tf


def get(name: str) -> Callable[..., tf.Tensor]:
    """A Keras loss, or one of this module's."""
    own = {"qlike": qlike, "cross_entropy": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}
    return own.get(name) or keras.losses.get(name)


def qlike(variance: tf.Tensor, log_forecast: tf.Tensor) -> tf.Tensor:
    """Quasi-likelihood of a variance forecast given as its logarithm, up to a constant (Patton 2011).

    `variance / forecast + ln(forecast)`: lowest in expectation at the conditional variance itself, even where the
    measured variance is only a noisy sign of it. The logarithm keeps forecasts positive.
    """
    return tf.reduce_mean(variance * tf.exp(-log_forecast) + log_forecast, axis=-1)
