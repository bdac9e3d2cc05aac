from typing import Any

import numpy as np
import pytest

from pipelines.tasks.timeseries import classical

LINE = np.arange(200, dtype=np.float64)
ORIGINS = np.arange(170, 180)
ARIMA: dict[str, Any] = {"period": 12.0, "orders": [(1, 0), (1, 1)]}


def test_naive_repeats_the_last_value() -> None:
    assert classical.naive(LINE, ORIGINS, 3)[0].tolist() == [170] * 3


def test_seasonal_naive_repeats_the_last_season() -> None:
    assert classical.seasonal_naive(LINE, ORIGINS, 3, season=12)[0].tolist() == [159, 160, 161]
    assert classical.seasonal_naive(LINE, ORIGINS, 3, season=2)[0].tolist() == [169, 170, 169]


def test_seasonal_naive_drift_continues_a_line() -> None:
    assert classical.seasonal_naive_drift(LINE, ORIGINS, 3, season=12)[0].tolist() == [171, 172, 173]


def test_drift_continues_a_line() -> None:
    assert classical.drift(LINE, ORIGINS, 3, fitted_until=160)[0].tolist() == [171, 172, 173]


@pytest.mark.parametrize("method", ["ets", "arima"])
def test_ets_and_arima_learn_trend_and_season(method: str, random: np.random.Generator) -> None:
    time = np.arange(200)
    values = 0.1 * time + 3 * np.sin(2 * np.pi * time / 12) + random.normal(0, 0.1, 200)
    own = ARIMA if method == "arima" else {}
    forecasts = getattr(classical, method)(values, ORIGINS, 4, season=12, **own, fitted_until=160)
    truth = values[ORIGINS[:, None] + np.arange(1, 5)]
    assert np.abs(forecasts - truth).mean() < 0.2 < np.abs(classical.naive(values, ORIGINS, 4) - truth).mean()


def test_arima_is_exact_on_a_series_without_noise() -> None:
    time = np.arange(200)
    values = 5.0 * time + time % 12
    forecasts = classical.arima(values, ORIGINS, 4, season=12, **ARIMA, fitted_until=160)
    np.testing.assert_allclose(forecasts, values[ORIGINS[:, None] + np.arange(1, 5)])


@pytest.mark.parametrize("method", ["ets", "arima"])
def test_ets_and_arima_do_not_depend_on_values_after_the_origin(method: str, random: np.random.Generator) -> None:
    values = np.cumsum(random.normal(size=200))
    changed = values.copy()
    changed[176:] += 50
    own = ARIMA if method == "arima" else {}
    before, after = (
        getattr(classical, method)(v, ORIGINS, 2, season=12, **own, fitted_until=160) for v in (values, changed)
    )
    np.testing.assert_allclose(before[:6], after[:6])
    assert not np.allclose(before[6:], after[6:])


def test_arima_of_a_series_without_season_needs_no_waves(random: np.random.Generator) -> None:
    values = np.cumsum(random.normal(size=200))
    forecasts = classical.arima(values, ORIGINS, 3, season=1, period=1.0, orders=[(1, 0)], fitted_until=160)
    assert forecasts.shape == (len(ORIGINS), 3)
    assert np.isfinite(forecasts).all()


def test_arima_of_a_past_that_never_changes_is_its_value() -> None:
    values = np.where(np.arange(200) < 165, 5.0, 6.0)
    forecasts = classical.arima(values, ORIGINS, 3, season=1, period=1.0, orders=[(1, 0)], fitted_until=160)
    np.testing.assert_array_equal(forecasts, np.full((len(ORIGINS), 3), 5.0))
