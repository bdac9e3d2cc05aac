"""The indicators of `data.indicators` within a TensorFlow graph; a test holds the two to each other."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

Tensor = Any


def indicators(daily: Mapping[str, Tensor], days_a_week: Tensor) -> dict[str, Tensor]:
    """The network's inputs of each day, (batch, days) each, from prices and dates of the same shape; NaN where one has no value yet.

    `days_a_week` is a number, or (batch, 1).
    """
    close, high, low, volume = (_logarithm(daily[name]) for name in ("close", "high", "low", "volume"))
    opened = tf.math.log(daily["open"])
    returns = _difference(close)
    zero = tf.zeros_like(returns)
    nan = tf.math.is_nan(returns)
    gain, loss = (tf.where(nan, returns, tf.maximum(part, zero)) for part in (returns, -returns))
    smooth_gain, smooth_loss = (_average(part, 1 / 14, 14) for part in (gain, loss))
    macd = _average(close, 2 / 13) - _average(close, 2 / 27)
    weekday, month = (2 * np.pi * tf.cast(daily[name], tf.float64) for name in ("day_of_week", "month"))
    columns = {
        "return": returns,
        "range": high - low,
        "overnight": opened - _shifted(close),
        "intraday": close - opened,
        "volatility 5": tf.math.log(_deviation(returns, 5) + 1e-4),
        "volatility 22": tf.math.log(_deviation(returns, 22) + 1e-4),
        "volume change": _difference(volume),
        "volume level": volume - _mean(volume, 22),
        "close to average 10": close - _mean(close, 10),
        "close to average 50": close - _mean(close, 50),
        "RSI 14": 100 * smooth_gain / (smooth_gain + smooth_loss),
        "MACD": macd,
        "MACD signal": macd - _average(macd, 0.2),
        "weekday sine": tf.sin(weekday / days_a_week),
        "weekday cosine": tf.cos(weekday / days_a_week),
        "month sine": tf.sin(month / 12),
        "month cosine": tf.cos(month / 12),
    }
    return columns | ({"VIX": tf.math.log(daily["vix"])} if "vix" in daily else {})


def filled(scaled: Tensor) -> Tensor:
    """(batch, days, features) with the value before it in place of each NaN, and 0, the training mean, where there is none."""
    days = scaled.shape[1]
    missing = tf.math.is_nan(scaled)
    known = tf.where(missing, 0, tf.range(days)[:, None])
    earlier = np.tril(np.ones((days, days), np.int32))[..., None]
    last = tf.reduce_max(known[:, None] * earlier, 2)
    values = tf.gather(tf.transpose(scaled, (0, 2, 1)), tf.transpose(last, (0, 2, 1)), axis=2, batch_dims=2)
    values = tf.transpose(values, (0, 2, 1))
    return tf.where(tf.math.is_nan(values), tf.zeros_like(values), values)


def _logarithm(values: Tensor) -> Tensor:
    return tf.where(values > 0, tf.math.log(values), _nan(values))


def _nan(values: Tensor) -> Tensor:
    return tf.fill(tf.shape(values), tf.constant(np.nan, tf.float64))


def _shifted(values: Tensor) -> Tensor:
    """The value of the day before, NaN on the first."""
    return tf.concat([_nan(values[:, :1]), values[:, :-1]], 1)


def _difference(values: Tensor) -> Tensor:
    return values - _shifted(values)


def _windows(values: Tensor, days: int) -> Tensor:
    """(batch, days, window): the last `days` values of each day, NaN before the first."""
    padded = tf.concat([_nan(values[:, : days - 1]), values], 1)
    return tf.gather(padded, np.arange(values.shape[1])[:, None] + np.arange(days), axis=1)


def _mean(values: Tensor, days: int) -> Tensor:
    return tf.reduce_mean(_windows(values, days), -1)


def _deviation(values: Tensor, days: int) -> Tensor:
    """Standard deviation, of the sample."""
    return tf.math.reduce_std(_windows(values, days), -1) * (days / (days - 1)) ** 0.5


def _average(values: Tensor, alpha: float, least: int = 1) -> Tensor:
    """Exponentially weighted mean of all values so far, as pandas' `ewm` has it; NaN up to the `least`-th value."""
    days = values.shape[1]
    age = np.arange(days)[:, None] - np.arange(days)
    weights = np.where(age >= 0, (1 - alpha) ** np.maximum(age, 0.0), 0.0)
    present = ~tf.math.is_nan(values)
    counted = tf.cast(present, tf.float64)
    sums = tf.linalg.matmul(tf.where(present, values, tf.zeros_like(values)), weights, transpose_b=True)
    mean = sums / tf.linalg.matmul(counted, weights, transpose_b=True)
    return tf.where(tf.cumsum(counted, 1) >= least, mean, _nan(values))
