"""The networks of the task as functions from a symbol's last days to the returns or the volatility of the next."""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from pipelines.nn import raw_text
from pipelines.nn.datasets import WINDOW
from pipelines.nn.export import Input, RawFunction
from pipelines.tasks.finance import raw_indicators
from pipelines.tasks.finance.data import WARM_UP
from pipelines.tasks.finance.params import Params
from pipelines.tasks.finance.train import Meta

__all__ = ["LIMITS", "PIPELINE", "USE", "Meta", "raw_function"]
PIPELINE = "time-series-forecasting"
USE = "Forecasts the returns or the volatility of the next days, to compare networks with simple methods on prices: not for trading."
LIMITS = (
    "Not investment advice: that returns can be forecast was not shown, and the report says so.",
    "It knows the symbols that it was trained on; others would need a scaling of their own.",
    "It was tested on the last years of these symbols alone; markets change.",
)
DAILY = ("open", "high", "low", "close", "volume")
Tensor = Any


def raw_function(network: keras.Model, meta: Meta, target: str, params: Params, prepared: Path) -> RawFunction:
    """`open`, …, `volume`, `day_of_week`, `month` (batch, days) and `symbol` (batch,) -> `returns` or `volatility`."""
    prices = meta.targets[target]
    days = WARM_UP + prices.lookback
    names, scalers = list(prices.symbols), list(prices.symbols.values())
    symbols = raw_text.Choices(names, "symbol")

    def of_symbol(field: str, index: Tensor) -> Tensor:
        return tf.gather(tf.constant([getattr(scaler, field) for scaler in scalers], tf.float64), index)

    def call(symbol: Tensor, **daily: Tensor) -> dict[str, Tensor]:
        index = symbols.index(symbol)
        columns = raw_indicators.indicators(daily, of_symbol("days_a_week", index)[:, None])
        features = tf.stack([columns[name] for name in prices.features], -1)[:, WARM_UP:]
        scaled = (features - of_symbol("features_mean", index)[:, None]) / of_symbol("features_std", index)[:, None]
        window = tf.cast(raw_indicators.filled(scaled), tf.float32)
        outputs = tf.cast(network({WINDOW: window}, training=False), tf.float64)
        if target == "volatility":
            variance = tf.exp(outputs[:, 0]) * of_symbol("variance", index)
            return {"volatility": 100 * tf.sqrt(variance * of_symbol("days_a_year", index))}
        return {"returns": outputs * of_symbol("std", index)[:, None] + of_symbol("mean", index)[:, None]}

    described = {
        "symbol": Input((None,), "string", f"one of {', '.join(names)}", f"[{names[0]!r}]"),
        **{name: _daily(name, days) for name in (*DAILY, *(["vix"] if "VIX" in prices.features else []))},
        "day_of_week": Input((None, days), "int64", "0 for a Monday", f"[[day % 5 for day in range({days})]]"),
        "month": Input((None, days), "int64", "1 for January", f"[[1 + day // 21 % 12 for day in range({days})]]"),
    }
    horizon = f"of the next {prices.horizon} trading days"
    meanings = {
        "returns": f"daily log returns {horizon}",
        "volatility": f"annualised volatility {horizon} together, in percentage points",
    }
    return RawFunction(
        call,
        described,
        {target: meanings[target]},
        (symbols.table,),
        ("`gatehouse predict` averages the forecasts of all seeds; this is one of them.",),
    )


def _daily(name: str, days: int) -> Input:
    values = (
        "1e6 + day"
        if name == "volume"
        else {"high": "102.0 + day % 7", "low": "98.0 + day % 7"}.get(name, "100.0 + day % 7")
    )
    what = "the level of the VIX" if name == "vix" else f"the {name} of each"
    return Input(
        (None, days), "float64", f"{what} of the last {days} trading days", f"[[{values} for day in range({days})]]"
    )
