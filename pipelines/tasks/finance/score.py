"""Errors of returns and of volatility, direction with its uncertainty, and a plain backtest after costs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from pipelines import artifacts
from pipelines.contract import Array, Evaluation, Floats, Indices, Metric
from pipelines.tasks.finance.data import Meta, Scaler

LEAST_VARIANCE = 1e-12
"""Of daily returns; a price that stands still for a month has none, and QLIKE would be infinite."""
METRICS = {
    metric.name: metric
    for metric in (
        Metric("rmse", "RMSE"),
        Metric("mae", "MAE"),
        Metric("qlike", "QLIKE"),
        Metric("price_mape", "MAPE of the price, %"),
        Metric("directional_accuracy", "directional accuracy", lower_is_better=False),
        Metric("annual_return", "annual return", lower_is_better=False),
        Metric("sharpe", "Sharpe ratio", lower_is_better=False),
    )
}


@dataclass(frozen=True)
class Direction:
    """Directional accuracy of one symbol with its 95 % interval and the p-values of two tests."""

    accuracy: float
    low: float
    high: float
    p_coin: float
    """Against a coin."""
    up_days: float
    """Share of days that rise."""
    p_up_days: float
    """Against always saying «up»."""


@dataclass(frozen=True)
class Backtest:
    """Wealth over the test days, 1 at the start: of the strategy, and of holding the index."""

    days: Array
    wealth: Floats
    held: Floats


@dataclass(frozen=True)
class Returns:
    """Forecasts of daily log returns, (windows, horizon), and what they would have earned."""

    forecasts: Array
    origins: Indices
    rmse_by_step: Floats
    directions: dict[str, Direction]
    """By symbol; empty for a forecast without a direction."""
    backtests: dict[str, Backtest]


@dataclass(frozen=True)
class Volatility:
    """Annualised volatility in percentage points, forecast and realised, (windows,)."""

    forecasts: Array
    truth: Array
    origins: Indices


class Days:
    """The table of all symbols and the origins of one split."""

    def __init__(
        self, table: pd.DataFrame, origins: NDArray[np.int64], symbols: dict[str, Scaler], horizon: int
    ) -> None:
        self.table, self.origins, self.symbols, self.horizon = table, origins, symbols, horizon
        self.returns = table["return"].to_numpy()
        self.future = self.returns[origins[:, None] + np.arange(1, horizon + 1)]
        self.symbol = table["symbol"].to_numpy()[origins]
        self.date = table["date"].to_numpy()[origins]

    @classmethod
    def of(cls, prepared: Path, meta: Meta, target: str, split: str) -> "Days":
        """Those of the prepared data."""
        prices = meta.targets[target]
        table = artifacts.read_table(prepared / "table.parquet")
        origins = artifacts.read_array(prepared / target / f"{split}.npy")
        return cls(table, origins, prices.symbols, prices.horizon)

    def per_symbol(self, key: str) -> Floats:
        """A number of the scaler of each window's symbol."""
        return np.array([getattr(self.symbols[name], key) for name in self.symbol])

    def by_symbol(self) -> list[tuple[str, pd.DataFrame, NDArray[np.int64]]]:
        """Each symbol's own table and origins as rows of that table, in the order of the windows."""
        result = []
        tables = dict(iter(self.table.groupby("symbol", sort=False)))
        for name in dict.fromkeys(self.symbol):
            table = tables[name]
            rows = self.origins[self.symbol == name] - int(table["row"].iloc[0])
            result.append((str(name), table, rows))
        return result

    def by_date(self, losses: Floats) -> Floats:
        """Mean loss of each day over the symbols: their days are not independent evidence."""
        return np.asarray(pd.Series(losses).groupby(self.date).mean(), np.float64)


# Returns


def score_returns(days: Days, forecasts: Floats, cost_bps: float) -> Evaluation:
    """`forecasts` is (windows, horizon) daily log returns. Direction and backtest use the first day ahead."""
    errors = forecasts - days.future
    metrics = {
        "mae": float(mean_absolute_error(days.future, forecasts)),
        "rmse": float(root_mean_squared_error(days.future, forecasts)),
        "price_mape": float(100 * np.abs(np.expm1(errors.sum(1))).mean()),
    }
    hits, directions, backtests, annual, sharpe = [], {}, {}, [], []
    for name in dict.fromkeys(days.symbol):
        own = days.symbol == name
        ahead, truth = forecasts[own, 0], days.future[own, 0]
        if np.any(ahead):  # a random walk has no direction and never trades
            hits.append((np.sign(ahead) == np.sign(truth)).mean())
            # The symbols move together: the first one's test is not made stronger by counting the others.
            directions[str(name)] = _direction(ahead, truth)
        earned = _backtest(ahead > 0, truth, cost_bps)
        year = days.symbols[name].days_a_year
        annual.append(np.expm1(earned.mean() * year))
        sharpe.append(earned.mean() / earned.std() * np.sqrt(year) if earned.std() > 0 else 0.0)
        dates = days.date[own].astype("datetime64[D]").astype(str)
        backtests[str(name)] = Backtest(dates, np.exp(earned.cumsum()), np.exp(truth.cumsum()))
    if hits:
        metrics["directional_accuracy"] = float(np.mean(hits))
    metrics["annual_return"] = float(np.mean(annual))
    metrics["sharpe"] = float(np.mean(sharpe))
    record = Returns(forecasts.astype(np.float32), days.origins, np.sqrt((errors**2).mean(0)), directions, backtests)
    return Evaluation(metrics, days.by_date((errors**2).mean(1)), record)


def _direction(forecast: Floats, truth: Floats) -> Direction:
    """Directional accuracy of one symbol with a 95 % Wilson interval and two binomial tests.

    Against a coin, and against always saying «up», which is right on every up-day.
    """
    from scipy.stats import binomtest
    from statsmodels.stats.proportion import proportion_confint

    right = int((np.sign(forecast) == np.sign(truth)).sum())
    low, high = proportion_confint(right, len(truth), method="wilson")
    up_days = float((truth > 0).mean())
    coin = binomtest(right, len(truth), 0.5, alternative="greater").pvalue
    always_up = binomtest(right, len(truth), up_days, alternative="greater").pvalue
    return Direction(right / len(truth), float(low), float(high), float(coin), up_days, float(always_up))


def _backtest(long: NDArray[np.bool_], returns: Floats, cost_bps: float) -> Floats:
    """Daily log returns of holding the index on the days forecast to rise, in cash on the others, after costs.

    Each change of position costs `cost_bps` basis points; so does the first purchase.
    """
    position = long.astype(float)
    trades = np.abs(np.diff(position, prepend=0.0))
    return position * returns - trades * cost_bps / 1e4


# Volatility


def score_volatility(days: Days, variance: Floats) -> Evaluation:
    """`variance` (windows,) is the forecast of the mean squared daily return over the horizon.

    QLIKE as in Patton 2011: 0 for a perfect forecast. MAE and RMSE are of annualised volatility in percentage points.
    """
    realised = (days.future**2).mean(1)
    ratio = np.maximum(realised, LEAST_VARIANCE) / np.maximum(variance, LEAST_VARIANCE)
    qlike = ratio - np.log(ratio) - 1
    year = days.per_symbol("days_a_year")
    truth, forecast = (100 * np.sqrt(values * year) for values in (realised, variance))
    return Evaluation(
        {
            "qlike": float(qlike.mean()),
            "mae": float(mean_absolute_error(truth, forecast)),
            "rmse": float(root_mean_squared_error(truth, forecast)),
        },
        days.by_date(qlike),
        Volatility(forecast.astype(np.float32), truth.astype(np.float32), days.origins),
    )
