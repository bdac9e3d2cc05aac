"""Non-neural forecasts of returns and volatility."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from pipelines.contract import Evaluation, Floats, Indices
from pipelines.tasks.finance import markets
from pipelines.tasks.finance.data import Meta
from pipelines.tasks.finance.params import Params
from pipelines.tasks.finance.score import Days, score_returns, score_volatility

__all__ = ["Meta", "baselines"]
Method = Callable[[Floats, Indices, int], Floats]
"""Forecasts from a symbol's returns, origins and the day until which it is fitted."""


def baselines(prepared: Path, meta: Meta, target: str, params: Params) -> dict[str, Callable[[], Evaluation]]:
    """Non-neural forecasts, estimated for each symbol on its days before the test part."""
    days = Days.of(prepared, meta, target, "test")
    horizon = days.horizon

    def forecast(method: Method) -> Floats:
        """That of each symbol, put together again."""
        parts = []
        for _, table, origins in days.by_symbol():
            fitted_until = int((table["split"] == "test").to_numpy().argmax())
            parts.append(method(table["return"].to_numpy(), origins, fitted_until))
        return np.concatenate(parts)

    def volatility(method: Method) -> Evaluation:
        return score_volatility(days, forecast(method))

    def returns(method: Method) -> Evaluation:
        return score_returns(days, forecast(method), params.evaluate.cost_bps)

    methods: dict[str, Method]
    if target == "volatility":
        methods = {
            "rolling mean": lambda r, o, past: markets.rolling_variance(r, o, 22),
            "HAR": lambda r, o, past: markets.har_variance(r, o, horizon, past),
            "GARCH(1,1)": lambda r, o, past: markets.garch_variance(r, o, horizon, past),
        }
    else:
        methods = {
            "random walk": lambda r, o, past: markets.random_walk(o, horizon),
            "historical mean": lambda r, o, past: markets.historical_mean(r, o, horizon, past),
            "AR(1)": lambda r, o, past: markets.ar1(r, o, horizon, past),
        }
    scored = volatility if target == "volatility" else returns
    return {name: partial(scored, method) for name, method in methods.items()}
