"""Classical forecasts."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pipelines import artifacts
from pipelines.contract import Evaluation, Floats
from pipelines.tasks.timeseries import classical
from pipelines.tasks.timeseries.data import Meta, table_of
from pipelines.tasks.timeseries.params import Params
from pipelines.tasks.timeseries.score import score

__all__ = ["Meta", "baselines"]


def baselines(prepared: Path, meta: Meta, target: str, params: Params) -> dict[str, Callable[[], Evaluation]]:
    """Classical forecasts at the test part's origins; parameters estimated on everything before the test part."""
    series = meta.targets[target]
    table = table_of(prepared, target)
    origins = artifacts.read_array(prepared / target / "test.npy")
    values, horizon = table["filled"].to_numpy(), series.horizon
    season, past = series.season, series.borders["test"]
    orders = params.baselines.arima_orders
    forecasts: dict[str, Callable[[], Floats]] = {
        "naive": lambda: classical.naive(values, origins, horizon),
        "seasonal naive": lambda: classical.seasonal_naive(values, origins, horizon, season),
        "seasonal naive + drift": lambda: classical.seasonal_naive_drift(values, origins, horizon, season),
        "drift": lambda: classical.drift(values, origins, horizon, past),
        "ETS": lambda: classical.ets(values, origins, horizon, season, past),
        "ARIMA": lambda: classical.arima(values, origins, horizon, season, series.period, past, orders),
    }

    def scored(forecast: Callable[[], Floats]) -> Evaluation:
        return score(table, series, origins, forecast())

    return {name: partial(scored, forecast) for name, forecast in forecasts.items()}
