"""The released function of a series, held to what `predict` computes in Python."""

import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from pipelines.contract import Split
from pipelines.nn.datasets import WINDOW
from pipelines.tasks.timeseries.data import Covariate, Meta, Scaler, Series, inputs, known_part, phases_of
from pipelines.tasks.timeseries.release import raw_function
from pipelines.tasks.timeseries.transforms import NONE, Transform

LOOKBACK, HORIZON = 6, 3


OWN_FEATURES = [
    "value",
    "observed",
    "season sine",
    "season cosine",
    "week sine",
    "week cosine",
    "year sine",
    "year cosine",
]
COVARIATES = [
    Covariate("shop_visitors", "visitors", 1, Scaler(0.5, 2.0), 0),
    Covariate("shop_holidays", "holidays", 0, Scaler(0.1, 0.3), HORIZON),
]
CALLED_AS_OTHERS = [
    Covariate(name, name, 0, Scaler(0.5, 2.0), 0) for name in ("values", "day_of_year", "class", "2m °C")
]
"""Columns whose names are those of other inputs, or cannot be those of any."""


def series(lag: int, calendar: bool, transform: Transform, covariates: list[Covariate]) -> Series:
    return Series(
        features=[*OWN_FEATURES, *(feature for other in covariates for feature in other.features)],
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
        transform=transform,
        chosen=[],
        covariates=covariates,
        scaler=Scaler(1.5, 2.5),
        target_scaler=Scaler(-0.5, 3.0),
        origin="here",
        unit="bottles",
        file="shop",
        column="sales",
        missing=2,
        over_gaps=0,
        borders={},
    )


def weighted_sums(features: int) -> keras.Model:
    """A network that shows which window it has got."""
    window = keras.Input((LOOKBACK, features), name=WINDOW)
    weights = keras.ops.reshape(keras.ops.arange(LOOKBACK * features, dtype="float32"), (LOOKBACK, features))
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
@pytest.mark.parametrize("transform", [NONE, Transform(0.0, 1.0), Transform(0.4, 1.0)], ids=lambda found: found.title)
@pytest.mark.parametrize(
    "covariates", [[], COVARIATES, CALLED_AS_OTHERS], ids=["alone", "covariates", "called as others"]
)
def test_released_function_of_a_series_prepares_it_as_predict_does(
    lag: int, calendar: bool, transform: Transform, covariates: list[Covariate], random: Any
) -> None:
    described = series(lag, calendar, transform, covariates)
    dates = pd.date_range("2000-01-01", periods=40 + HORIZON, freq="MS")
    values = pd.Series(random.normal(50, 9, 40), dates[:40])
    values.iloc[[-2, -4]] = np.nan
    table = {
        other.name: pd.Series(random.normal(20, 2, 40 + other.ahead), dates[: 40 + other.ahead]) for other in covariates
    }
    phases = phases_of(dates[:40], calendar, described.start, "MS", described.season)
    window = inputs(values, table, OWN_FEATURES, transform, described.scaler, lag, phases, covariates)
    window = window[-LOOKBACK:].astype(np.float32)
    network = weighted_sums(window.shape[1])
    outputs = network.predict_on_batch({WINDOW: window[None]}).astype(np.float64) / 100
    network.layers[-1].set_weights([weights / 100 for weights in network.layers[-1].get_weights()])
    known = known_part(transform.apply(values.ffill().to_numpy()), np.array([39]), HORIZON, lag)
    expected = transform.invert(known + outputs * described.target_scaler.std + described.target_scaler.center)

    raw = raw_function(network, Meta({"shop": described}, "", []), "shop", None, Path())  # type: ignore[arg-type]
    steps = raw.inputs["values"].shape[1] or 0
    given = {"values": tf.constant(np.asarray(values)[None, -steps:])}
    seen = dates[40 - steps : 40]
    given["day_of_year"] = tf.constant(np.asarray(seen.day_of_year)[None].astype(np.int64))
    given["hours_of_week"] = tf.constant(np.asarray(24.0 * seen.day_of_week)[None])
    if not calendar:
        given["passed"] = tf.constant([39], tf.int64)
    for number, other in enumerate(covariates, start=1):
        given[f"column_{number}_{re.sub('[ °]', '_', other.name)}"] = tf.constant(
            np.asarray(table[other.name])[None, 40 - steps : 40 + other.ahead]
        )
    assert {name: value.shape[1:] for name, value in given.items()} == {
        name: tf.TensorShape(value.shape[1:]) for name, value in raw.inputs.items()
    }
    np.testing.assert_allclose(raw.call(**given)["forecast"], expected, rtol=1e-5)
