"""Errors of returns and of volatility, direction with its uncertainty, and a plain backtest after costs."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from pipelines.baselines import markets
from pipelines.contract import Meta, Primary, Scores

AVERAGED = ()
"""Errors of returns and of volatility are different things; there is no average of them."""
YEAR = 252
"""Trading days."""

Array = NDArray[np.float64]


def primary(target: str) -> Primary:
    """RMSE decides on returns, where a random walk is to be beaten; QLIKE on volatility, against a rolling mean."""
    return Primary("rmse", "random walk") if target == "returns" else Primary("qlike", "rolling mean")


def evaluate(
    prepared: Path, meta: Meta, target: str, split: str, outputs: Iterable[NDArray[np.float32]], params: Any
) -> Scores:
    """Score outputs: (windows, horizon) scaled returns, or (windows, 1) log of scaled variance."""
    days = _Days.of(prepared, meta, target, split)
    values = np.concatenate(list(outputs)).astype(np.float64)
    if target == "volatility":
        return _score_volatility(days, np.exp(values[:, 0]) * days.per_symbol("variance"))
    forecasts = values * days.per_symbol("std")[:, None] + days.per_symbol("mean")[:, None]
    return _score_returns(days, forecasts, params.evaluation.cost_bps)


def baselines(prepared: Path, meta: Meta, target: str, params: Any) -> dict[str, Scores]:
    """Forecasts without a network, estimated for each symbol on its days before the test part."""
    days = _Days.of(prepared, meta, target, "test")
    horizon = days.horizon

    def forecast(method: Any) -> Array:
        """`method(returns, origins, fitted_until)` of each symbol, put together again."""
        parts = []
        for _, table, origins in days.by_symbol():
            fitted_until = int((table["split"] == "test").to_numpy().argmax())
            parts.append(method(table["return"].to_numpy(), origins, fitted_until))
        return np.concatenate(parts)

    if target == "volatility":
        variances = {
            "rolling mean": forecast(lambda r, o, past: markets.rolling_variance(r, o, 22)),
            "HAR": forecast(lambda r, o, past: markets.har_variance(r, o, horizon, past)),
            "GARCH(1,1)": forecast(lambda r, o, past: markets.garch_variance(r, o, horizon, past)),
        }
        return {name: _score_volatility(days, variance) for name, variance in variances.items()}
    returns = {
        "random walk": forecast(lambda r, o, past: markets.random_walk(o, horizon)),
        "historical mean": forecast(lambda r, o, past: markets.historical_mean(r, o, horizon, past)),
        "AR(1)": forecast(lambda r, o, past: markets.ar1(r, o, horizon, past)),
    }
    cost = params.evaluation.cost_bps
    return {name: _score_returns(days, forecasts, cost) for name, forecasts in returns.items()}


class _Days:
    """The table of all symbols and the origins of one split."""

    def __init__(self, table: pd.DataFrame, origins: NDArray[np.int64], symbols: Any, horizon: int) -> None:
        self.table, self.origins, self.symbols, self.horizon = table, origins, symbols, horizon
        self.returns = table["return"].to_numpy()
        self.future = self.returns[origins[:, None] + np.arange(1, horizon + 1)]
        self.symbol = table["symbol"].to_numpy()[origins]
        self.date = table["date"].to_numpy()[origins]

    @classmethod
    def of(cls, prepared: Path, meta: Meta, target: str, split: str) -> "_Days":
        about = meta["targets"][target]
        table = pd.read_parquet(prepared / "table.parquet")
        origins = np.load(prepared / target / f"{split}.npy")
        return cls(table, origins, about["symbols"], about["horizon"])

    def per_symbol(self, key: str) -> Array:
        """A number of the scaler of each window's symbol."""
        scalers = {name: about["scaler"][key] for name, about in self.symbols.items()}
        return np.array([scalers[name] for name in self.symbol])

    def by_symbol(self) -> list[tuple[str, pd.DataFrame, NDArray[np.int64]]]:
        """Each symbol's own table and origins as rows of that table, in the order of the windows."""
        result = []
        for name in dict.fromkeys(self.symbol):
            table = self.table[self.table["symbol"] == name]
            rows = self.origins[self.symbol == name] - int(table["row"].iloc[0])
            result.append((str(name), table, rows))
        return result

    def by_date(self, losses: Array) -> Array:
        """Mean loss of each day over the symbols: their days are no independent evidence."""
        return np.asarray(pd.Series(losses).groupby(self.date).mean(), np.float64)


# Returns


def _score_returns(days: _Days, forecasts: Array, cost_bps: float) -> Scores:
    """`forecasts` is (windows, horizon) daily log returns. Direction and backtest use the first day ahead."""
    errors = forecasts - days.future
    metrics = {
        "mae": float(mean_absolute_error(days.future, forecasts)),
        "rmse": float(root_mean_squared_error(days.future, forecasts)),
        "price_mape": float(100 * np.abs(np.expm1(errors.sum(1))).mean()),
    }
    samples: dict[str, Any] = {
        "forecasts": forecasts.astype(np.float32),
        "origins": days.origins,
        "rmse_by_step": np.sqrt((errors**2).mean(0)),
        "mae_by_step": np.abs(errors).mean(0),
    }
    hits, rows, annual, sharpe = [], [], [], []
    for name in dict.fromkeys(days.symbol):
        own = days.symbol == name
        ahead, truth = forecasts[own, 0], days.future[own, 0]
        if np.any(ahead):  # a random walk names no direction and never trades
            hits.append((np.sign(ahead) == np.sign(truth)).mean())
            rows.append(_direction(ahead, truth))
        earned = _backtest(ahead > 0, truth, cost_bps)
        annual.append(np.expm1(earned.mean() * YEAR))
        sharpe.append(earned.mean() / earned.std() * np.sqrt(YEAR) if earned.std() > 0 else 0.0)
        samples[f"wealth/{name}"] = np.exp(earned.cumsum())
        samples[f"held/{name}"] = np.exp(truth.cumsum())
        samples[f"days/{name}"] = days.date[own].astype("datetime64[D]").astype(str)
    if hits:
        metrics["directional_accuracy"] = float(np.mean(hits))
        # The symbols move together: the first one's test is not made stronger by counting the others.
        for number, key in enumerate(("accuracy", "low", "high", "p_coin", "up_days", "p_up_days")):
            samples[f"direction/{key}"] = np.array([row[number] for row in rows])
    samples["direction/symbols"] = np.array(list(dict.fromkeys(days.symbol)), dtype=str)
    metrics["annual_return"] = float(np.mean(annual))
    metrics["sharpe"] = float(np.mean(sharpe))
    return Scores(metrics, days.by_date((errors**2).mean(1)), samples)


def _direction(forecast: Array, truth: Array) -> tuple[float, ...]:
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
    return right / len(truth), low, high, float(coin), up_days, float(always_up)


def _backtest(long: NDArray[np.bool_], returns: Array, cost_bps: float) -> Array:
    """Daily log returns of holding the index on the days forecast to rise, in cash on the others, after costs.

    Each change of position costs `cost_bps` basis points; so does the first purchase.
    """
    position = long.astype(float)
    trades = np.abs(np.diff(position, prepend=0.0))
    return position * returns - trades * cost_bps / 1e4


# Volatility


def _score_volatility(days: _Days, variance: Array) -> Scores:
    """`variance` (windows,) is the forecast of the mean squared daily return over the horizon.

    QLIKE as in Patton 2011: 0 for a perfect forecast. MAE and RMSE are of annualised volatility in percentage points.
    """
    realised = (days.future**2).mean(1)
    ratio = np.maximum(realised, 1e-12) / variance
    qlike = ratio - np.log(ratio) - 1
    truth, forecast = (100 * np.sqrt(values * YEAR) for values in (realised, variance))
    return Scores(
        {
            "qlike": float(qlike.mean()),
            "mae": float(mean_absolute_error(truth, forecast)),
            "rmse": float(root_mean_squared_error(truth, forecast)),
        },
        days.by_date(qlike),
        {
            "forecasts": forecast.astype(np.float32),
            "truth": truth.astype(np.float32),
            "origins": days.origins,
        },
    )
