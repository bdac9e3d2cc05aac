"""The released function of a series, held to what `predict` computes in Python."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from pipelines.contract import Split
from pipelines.nn.datasets import WINDOW
from pipelines.tasks.timeseries.data import Meta, Scaler, Series, inputs, known_part, phase
from pipelines.tasks.timeseries.release import raw_function

LOOKBACK, HORIZON = 6, 3


def series(lag: int, calendar: bool) -> Series:
    return Series(
        features=["value", "season sine", "season cosine", "observed"],
        outputs=[],
        lookback=LOOKBACK,
        step="month",
        rows=40,
        splits={"train": Split(1, "")},
        horizon=HORIZON,
        frequency="MS",
        start="2000-01-01T00:00:00",
        season=12 if calendar else 5,
        calendar=calendar,
        period=12.0,
        difference=lag,
        scaler=Scaler(1.5, 2.5),
        target_scaler=Scaler(-0.5, 3.0),
        origin="here",
        unit="bottles",
        missing=2,
        borders={},
    )


def last_value_and_mean() -> keras.Model:
    """A network that shows which window it has got."""
    window = keras.Input((LOOKBACK, 4), name=WINDOW)
    weights = keras.ops.reshape(keras.ops.arange(LOOKBACK * 4, dtype="float32"), (LOOKBACK, 4))
    total = keras.layers.Flatten()(window)
    kernel = keras.ops.concatenate(
        [keras.ops.reshape(weights, (-1, 1)) / (step + 1) for step in range(HORIZON)], axis=1
    )
    dense = keras.layers.Dense(HORIZON, use_bias=False)
    network = keras.Model({WINDOW: window}, dense(total))
    dense.set_weights([np.asarray(kernel)])
    return network


@pytest.mark.parametrize("lag", [0, 1, 4])
@pytest.mark.parametrize("calendar", [False, True])
def test_released_function_of_a_series_prepares_it_as_predict_does(lag: int, calendar: bool, random: Any) -> None:
    described = series(lag, calendar)
    dates = pd.date_range("2000-01-01", periods=40, freq="MS")
    values = pd.Series(random.normal(50, 9, 40), dates)
    values.iloc[[-2, -4]] = np.nan
    phases = phase(dates, calendar, described.start, "MS", described.season)
    window = inputs(values, described.features, described.scaler, lag, phases)[-LOOKBACK:].astype(np.float32)
    network = last_value_and_mean()
    outputs = network.predict_on_batch({WINDOW: window[None]}).astype(np.float64)
    known = known_part(values.ffill().to_numpy(), np.array([39]), HORIZON, lag)
    expected = known + outputs * described.target_scaler.std + described.target_scaler.mean

    raw = raw_function(network, Meta({"shop": described}, ""), "shop", None, Path())  # type: ignore[arg-type]
    given = {"values": tf.constant(values.to_numpy()[None, -LOOKBACK - lag :])}
    if calendar:
        given["day_of_year"] = tf.constant(dates.day_of_year.to_numpy()[None, -LOOKBACK - lag :].astype(np.int64))
    else:
        given["passed"] = tf.constant([39], tf.int64)
    assert {name: value.shape[1:] for name, value in given.items()} == {
        name: tf.TensorShape(value.shape[1:]) for name, value in raw.inputs.items()
    }
    np.testing.assert_allclose(raw.call(**given)["forecast"], expected, rtol=1e-6)
