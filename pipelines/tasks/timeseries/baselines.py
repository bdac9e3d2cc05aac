"""Classical forecasts."""

from pathlib import Path

from pipelines import artifacts
from pipelines.contract import Evaluation
from pipelines.tasks.timeseries import classical
from pipelines.tasks.timeseries.data import Meta, table_of
from pipelines.tasks.timeseries.params import Params
from pipelines.tasks.timeseries.score import score

__all__ = ["Meta", "baselines"]


def baselines(prepared: Path, meta: Meta, target: str, params: Params) -> dict[str, Evaluation]:
    """Classical forecasts at the test part's origins; parameters estimated on everything before the test part."""
    series = meta.targets[target]
    table = table_of(prepared, target)
    origins = artifacts.read_array(prepared / target / "test.npy")
    values, horizon = table["filled"].to_numpy(), series.horizon
    season, past = series.season, series.borders["test"]
    orders = params.baselines.arima_orders
    forecasts = {
        "naive": classical.naive(values, origins, horizon),
        "seasonal naive": classical.seasonal_naive(values, origins, horizon, season),
        "seasonal naive + drift": classical.seasonal_naive_drift(values, origins, horizon, season),
        "drift": classical.drift(values, origins, horizon, past),
        "ETS": classical.ets(values, origins, horizon, season, past),
        "ARIMA": classical.arima(values, origins, horizon, season, series.period, past, orders),
    }
    return {name: score(table, series, origins, forecast) for name, forecast in forecasts.items()}
