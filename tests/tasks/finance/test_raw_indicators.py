"""The indicators within a graph, held to those that pandas computes."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from pipelines.tasks.finance import raw_indicators
from pipelines.tasks.finance.data import Scaler, indicators, scale

DAYS = 90


def table_of(random: Any) -> pd.DataFrame:
    close = 100 * np.exp(random.normal(0, 0.02, DAYS).cumsum())
    opened = close * np.exp(random.normal(0, 0.01, DAYS))
    dates = pd.bdate_range("2020-01-01", periods=DAYS)
    table = pd.DataFrame(
        {
            "open": opened,
            "high": np.maximum(close, opened) * 1.01,
            "low": np.minimum(close, opened) * 0.99,
            "close": close,
            "volume": random.integers(1, 1000, DAYS).astype(float),
            "vix": random.uniform(10, 40, DAYS),
        },
        dates,
    )
    # No trade: its logarithm is missing for as long as a window contains it.
    table["volume"] = table["volume"].where(np.arange(DAYS) != 70, 0.0)
    return table


def given(table: pd.DataFrame) -> dict[str, Any]:
    dates = pd.DatetimeIndex(table.index)
    daily = {str(name): tf.constant(table[name].to_numpy()[None]) for name in table}
    return daily | {"day_of_week": tf.constant([dates.day_of_week]), "month": tf.constant([dates.month])}


@pytest.mark.parametrize("week", [5, 7])
def test_indicators_in_a_graph_are_those_of_pandas(week: int, random: Any) -> None:
    table = table_of(random)
    expected, found = indicators(table, week), raw_indicators.indicators(given(table), week)
    assert list(found) == list(expected)
    for name, column in expected.items():
        np.testing.assert_allclose(found[str(name)][0], column, rtol=1e-9, atol=1e-12, err_msg=str(name))


def test_missing_indicators_are_filled_as_for_training(random: Any) -> None:
    features = indicators(table_of(random), 5).iloc[60:]
    features.iloc[:3, 0] = np.nan
    mean, std = features.mean(), features.std()
    expected = scale(features, Scaler(0, 1, 1, mean.tolist(), std.tolist(), 5))
    scaled = ((features - mean) / std).to_numpy()
    np.testing.assert_allclose(raw_indicators.filled(tf.constant(scaled[None]))[0], expected, rtol=1e-6)
