"""Losses by the name that `params.yaml` gives them."""

from collections.abc import Callable

import keras
import tensorflow as tf


def get(name: str) -> Callable[..., tf.Tensor]:
    """A Keras loss, or one of this module's."""
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    own = {"qlike": qlike, "cross_entropy": cross_entropy, "nll_per_frame": nll_per_frame}
    return own.get(name) or keras.losses.get(name)


def qlike(variance: tf.Tensor, log_forecast: tf.Tensor) -> tf.Tensor:
    """Quasi-likelihood of a variance forecast given as its logarithm, up to a constant (Patton 2011).

    `variance / forecast + ln(forecast)`: lowest in expectation at the conditional variance itself, even where the
    measured variance is only a noisy sign of it. The logarithm keeps forecasts positive.
    """
    return tf.reduce_mean(variance * tf.exp(-log_forecast) + log_forecast, axis=-1)


def nll_per_frame(keys: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Negative log-likelihood of a frame's keys, each of which sounds or not; mean over frames that are no padding, in nats.

    `keys` and `logits` are (batch, frames, keys); of padding all keys are below zero. As in Boulanger-Lewandowski et al. 2012.
    """
    there = tf.cast(keys[..., 0] >= 0, logits.dtype)
    each = tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.maximum(keys, 0), logits=logits)
    return tf.math.divide_no_nan(tf.reduce_sum(tf.reduce_sum(each, -1) * there), tf.reduce_sum(there))
