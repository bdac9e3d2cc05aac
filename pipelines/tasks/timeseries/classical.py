"""Forecasts of a single series by classical statistics, at every origin of a rolling evaluation.

All functions return (origins, horizon) float64: row i forecasts steps `origins[i] + 1` to `origins[i] + horizon` from
the values up to and including `origins[i]`. What is estimated is estimated once, on the values before `fitted_until`.
"""

import warnings
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Values = NDArray[np.float64]
Origins = NDArray[np.int64]


def naive(values: Values, origins: Origins, horizon: int) -> Values:
    """The last value, repeated."""
    return np.repeat(values[origins, None], horizon, axis=1)


def seasonal_naive(values: Values, origins: Origins, horizon: int, season: int) -> Values:
    """The value one season before each step (the last one known, where the horizon is longer than a season)."""
    steps = np.arange(1, horizon + 1)
    seasons_back = -(-steps // season)
    return values[origins[:, None] + steps - season * seasons_back]


def seasonal_naive_drift(values: Values, origins: Origins, horizon: int, season: int) -> Values:
    """Seasonal naive, raised by the change over the last season."""
    change = values[origins] - values[origins - season]
    return seasonal_naive(values, origins, horizon, season) + change[:, None]


def drift(values: Values, origins: Origins, horizon: int, fitted_until: int) -> Values:
    """The last value plus the mean change per step."""
    slope = (values[fitted_until - 1] - values[0]) / (fitted_until - 1)
    return naive(values, origins, horizon) + slope * np.arange(1, horizon + 1)


def ets(values: Values, origins: Origins, horizon: int, season: int, fitted_until: int) -> Values:
    """Exponential smoothing in state-space form, additive (Hyndman et al. 2008): Holt-Winters where a season helps.

    Among level, trend and damped trend, each with and without a season, the lowest AIC decides.
    """
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    candidates = []
    for (trend, damped), seasonal in product(((None, False), ("add", False), ("add", True)), (None, "add")):
        if seasonal and season < 2:
            continue
        form = {
            "error": "add",
            "trend": trend,
            "damped_trend": damped,
            "seasonal": seasonal,
            "seasonal_periods": season if seasonal else None,
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a candidate that does not converge has a poor AIC
            model = ETSModel(values[:fitted_until], initialization_method="estimated", **form)
            candidates.append((model.fit(disp=False, maxiter=2000), form))
    best, form = min(candidates, key=lambda candidate: candidate[0].aic)
    full = ETSModel(
        values,
        initialization_method="known",
        initial_level=best.initial_level,
        initial_trend=best.initial_trend if form["trend"] else None,
        initial_seasonal=best.initial_seasonal if form["seasonal"] else None,
        **form,
    ).smooth(best.params)
    return _roll(full, origins, horizon)


def arima(
    values: Values,
    origins: Origins,
    horizon: int,
    season: int,
    period: float,
    fitted_until: int,
    orders: Sequence[tuple[int, int]],
) -> Values:
    """ARIMA on three views of the series: as it is, with Fourier terms, and after a seasonal difference.

    Fourier terms of `period` steps make it a dynamic harmonic regression (Hyndman & Athanasopoulos 2021, 10.5); the
    seasonal difference is the view that the networks get. In each view a KPSS test decides on a first difference and
    the lowest AIC on (p, q), one of `orders`; between views, whose AICs cannot be compared, the mean absolute error of forecasts over
    the last part of the fitted values decides.
    """
    recent = np.arange(fitted_until - fitted_until // 5, fitted_until - horizon, horizon)
    truth = values[recent[:, None] + np.arange(1, horizon + 1)]
    best: tuple[float, Values] | None = None
    views: list[tuple[int, Values | None]] = [(0, None)]
    if period >= 4:
        views.append((0, _waves(len(values), period)))
    if season >= horizon:
        views.append((season, None))
    for seasonal_lag, waves in views:
        both = _arima_view(
            values, np.concatenate([recent, origins]), horizon, seasonal_lag, waves, fitted_until, orders
        )
        error = float(np.abs(both[: len(recent)] - truth).mean())
        if best is None or error < best[0]:
            best = error, both[len(recent) :]
    assert best is not None  # the first view always applies
    return best[1]


def _waves(count: int, period: float) -> Values:
    from statsmodels.tsa.deterministic import Fourier

    terms = Fourier(period, max(1, min(3, int(period // 2)))).in_sample(pd.RangeIndex(count))
    return terms.to_numpy(np.float64)


def _arima_view(
    values: Values,
    origins: Origins,
    horizon: int,
    seasonal_lag: int,
    waves: Values | None,
    fitted_until: int,
    orders: Sequence[tuple[int, int]],
) -> Values:
    """Forecasts of the ARIMA with the lowest AIC on one view of the series."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX
    from statsmodels.tsa.stattools import kpss

    changes = values[seasonal_lag:] - values[: len(values) - seasonal_lag] if seasonal_lag else values
    past = slice(0, fitted_until - seasonal_lag)
    if np.ptp(changes[past]) <= 1e-9 * max(1.0, float(np.abs(changes[past]).max())):  # nothing left to estimate
        known = (
            seasonal_naive(values, origins, horizon, seasonal_lag)
            if seasonal_lag
            else np.zeros((len(origins), horizon))
        )
        return known + changes[past].mean()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # p-values outside KPSS's table; candidates that do not converge
        difference = int(kpss(changes[past], nlags="auto")[1] < 0.05)
        candidates = []
        for p, q in orders:
            options = {"order": (p, difference, q), "trend": "c"}
            regressors = None if waves is None else waves[past]
            fitted = SARIMAX(changes[past], exog=regressors, **options).fit(disp=False, maxiter=50)
            candidates.append((fitted, options))
        best, options = min(candidates, key=lambda candidate: candidate[0].aic)
        full = SARIMAX(changes, exog=waves, **options).filter(best.params)
    forecasts = _roll(full, origins - seasonal_lag, horizon)
    if seasonal_lag:
        forecasts = forecasts + seasonal_naive(values, origins, horizon, seasonal_lag)
    return forecasts


def _roll(fitted: Any, origins: Origins, horizon: int) -> Values:
    """Forecast from every origin with the state that the filter has there."""
    return np.stack([fitted.predict(start=o + 1, end=o + horizon, dynamic=0) for o in origins.tolist()])
