"""Non-neural forecasts of returns and volatility."""

from pathlib import Path
from typing import Any

import numpy as np

from pipelines.contract import Evaluation, Floats
from pipelines.tasks.finance import markets
from pipelines.tasks.finance.data import Meta
from pipelines.tasks.finance.params import Params
from pipelines.tasks.finance.score import Days, score_returns, score_volatility

__all__ = ["Meta", "baselines"]


def baselines(prepared: Path, meta: Meta, target: str, params: Params) -> dict[str, Evaluation]:
    """Non-neural forecasts, estimated for each symbol on its days before the test part."""
    days = Days.of(prepared, meta, target, "test")
    horizon = days.horizon

    def forecast(method: Any) -> Floats:
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
        return {name: score_volatility(days, variance) for name, variance in variances.items()}
    returns = {
        "random walk": forecast(lambda r, o, past: markets.random_walk(o, horizon)),
        "historical mean": forecast(lambda r, o, past: markets.historical_mean(r, o, horizon, past)),
        "AR(1)": forecast(lambda r, o, past: markets.ar1(r, o, horizon, past)),
    }
    cost = params.evaluate.cost_bps
    return {name: score_returns(days, forecasts, cost) for name, forecasts in returns.items()}
