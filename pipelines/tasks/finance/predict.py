"""`predict finance FILE`: the returns or the volatility of the days after the last one of a price file."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import FilePath

from pipelines.errors import InputError
from pipelines.predict import Prediction, argument_type, note

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.predict import TrainedNetworks
    from pipelines.tasks.finance.data import Prices, Scaler


def arguments(parser: argparse.ArgumentParser) -> None:
    """A price file and, if that is not the file's name, the symbol."""
    parser.add_argument(
        "file", type=argument_type(FilePath), metavar="FILE", help="a .csv of daily prices, as in data/input/finance"
    )
    parser.add_argument("--symbol", help="the trained symbol whose scaling is used; default: the file's name")


def predict(trained: "TrainedNetworks", options: argparse.Namespace) -> Iterator[Prediction]:
    """For each target the days of the horizon: mean and standard deviation over the networks of all seeds.

    A symbol that training has not seen is scaled by its own days, all of which are past. Raise `InputError` for prices that
    cannot be used.
    """
    from pipelines.tasks.finance import prices
    from pipelines.tasks.finance.data import Meta

    table = prices.read(options.file, trained.params.collect, note)
    symbol = prices.symbol(options.symbol or options.file.stem, str(options.file))
    for target, meta in trained.meta(Meta).targets.items():
        scaler, window = _window(table, symbol, meta, options.file.as_posix())
        runs = np.concatenate(list(trained.outputs(target, {"window": window[None]}))).astype(np.float64)
        model = trained.model(target)
        known = "" if symbol in meta.symbols else "; a symbol that training has not seen, scaled by its own days"
        forecast = (_returns if target == "returns" else _volatility)(runs, scaler, table)
        yield Prediction(
            {
                "symbol": symbol,
                "target": target,
                "model": model,
                "seen": symbol in meta.symbols,
                "forecast": forecast.to_dict("records"),
            },
            f"{symbol}, {target}, by {model}{known}\n{forecast.to_string(index=False, float_format='{:.5g}'.format)}",
        )


def _window(table: "pd.DataFrame", symbol: str, meta: "Prices", where: str) -> tuple["Scaler", NDArray[np.float32]]:
    """The symbol's scaling, and the network's inputs of its last days: (lookback, features)."""
    from pipelines.tasks.finance.data import WARM_UP, Scaler, days_a_week_of, indicators, scale

    needed = WARM_UP + meta.lookback
    if len(table) < needed:
        raise InputError(f"{where}: has {len(table)} days, but the network and its indicators need {needed}: add days")
    week = days_a_week_of(cast("pd.DatetimeIndex", table.index))
    if symbol in meta.symbols:
        week = meta.symbols[symbol].days_a_week
    features = indicators(table, week).reindex(columns=meta.features).iloc[WARM_UP:]
    if symbol in meta.symbols:
        scaler = meta.symbols[symbol]
    else:
        returns = np.log(table["close"]).diff().iloc[WARM_UP:]
        scaler = Scaler(
            float(returns.mean()),
            float(returns.std()),
            float((returns**2).mean()),
            features.mean().fillna(0).tolist(),
            features.std().replace(0, 1).fillna(1).tolist(),
            week,
        )
        if not scaler.std:
            raise InputError(f"{where}: its price never changes; there is nothing to forecast")
    return scaler, scale(features, scaler)[-meta.lookback :]


def _returns(runs: NDArray[np.float64], scaler: "Scaler", table: "pd.DataFrame") -> "pd.DataFrame":
    """Daily log returns, and the price they lead to."""
    import pandas as pd

    returns = runs * scaler.std + scaler.mean
    last = cast(pd.Timestamp, table.index[-1])
    days = pd.date_range(last, periods=runs.shape[1] + 2, freq="D" if scaler.days_a_week == 7 else "B")
    days = days[days > last][: runs.shape[1]]
    prices = table["close"].iloc[-1] * np.exp(returns.cumsum(1))
    return pd.DataFrame(
        {
            "date": days.strftime("%Y-%m-%d"),
            "return": returns.mean(0),
            "return_std": returns.std(0),
            "price": prices.mean(0),
            "price_std": prices.std(0),
        }
    )


def _volatility(runs: NDArray[np.float64], scaler: "Scaler", table: "pd.DataFrame") -> "pd.DataFrame":
    """Annualised volatility over the whole horizon, in percentage points."""
    import pandas as pd

    percent = 100 * np.sqrt(np.exp(runs) * scaler.variance * scaler.days_a_year)
    return pd.DataFrame({"volatility": percent.mean(0), "std": percent.std(0)})
