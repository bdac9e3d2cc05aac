"""Forecasts of daily returns and of their variance, estimated once on the days before `fitted_until`.

`returns` is (days,) daily log returns; `origins` are rows of it. Forecasts of returns are (origins, horizon), forecasts
of variance (origins,): the mean squared return per day over the next `horizon` days.
"""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Origins = NDArray[np.int64]


def random_walk(origins: Origins, horizon: int) -> Values:
    """Prices do not change: every return is zero."""
    return np.zeros((len(origins), horizon))


def historical_mean(returns: Values, origins: Origins, horizon: int, fitted_until: int) -> Values:
    """The mean return of the past, every day."""
    return np.full((len(origins), horizon), returns[:fitted_until].mean())


def ar1(returns: Values, origins: Origins, horizon: int, fitted_until: int) -> Values:
    """First-order autoregression: the last return's deviation from the mean, fading geometrically."""
    from statsmodels.tsa.ar_model import AutoReg

    constant, slope = AutoReg(returns[:fitted_until], lags=1).fit().params
    mean = constant / (1 - slope)
    return mean + (returns[origins, None] - mean) * slope ** np.arange(1, horizon + 1)


def rolling_variance(returns: Values, origins: Origins, days: int) -> Values:
    """Mean squared return of the last `days` days."""
    squares = np.concatenate([[0.0], np.cumsum(returns**2)])
    first = np.maximum(origins + 1 - days, 0)
    return (squares[origins + 1] - squares[first]) / (origins + 1 - first)


def har_variance(returns: Values, origins: Origins, horizon: int, fitted_until: int) -> Values:
    """Heterogeneous autoregression (Corsi 2009): a regression on the variance of a day, a week and a month.

    Forecasts below the smallest variance seen in the past are raised to it: a regression may give a negative variance.
    """
    from sklearn.linear_model import LinearRegression

    days = np.arange(22, len(returns))
    views = np.stack([rolling_variance(returns, days, span) for span in (1, 5, 22)], axis=1)
    future = rolling_variance(returns, np.minimum(days + horizon, len(returns) - 1), horizon)
    past = days + horizon < fitted_until
    fitted = LinearRegression().fit(views[past], future[past])
    forecasts = fitted.predict(views[origins - 22])
    return np.maximum(forecasts, future[past].min())


def garch_variance(returns: Values, origins: Origins, horizon: int, fitted_until: int) -> Values:
    """GARCH(1,1) with a constant mean (Bollerslev 1986): its variance forecasts, averaged over the horizon."""
    from arch import arch_model

    percent = returns * 100  # the optimiser works best on numbers of about one
    fitted = arch_model(percent, mean="Constant", vol="GARCH", p=1, q=1, rescale=False).fit(
        last_obs=fitted_until, disp="off"
    )
    # From the first origin on: arch forecasts at every later day with the parameters of the past.
    first = int(origins.min())
    variance = fitted.forecast(start=first, horizon=horizon, reindex=False).variance.to_numpy()
    return variance[origins - first].mean(1) / 100**2
