"""Classical forecasts, and a linear one of the networks' inputs."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pipelines import artifacts
from pipelines.contract import Evaluation, Floats
from pipelines.tasks.timeseries import classical
from pipelines.tasks.timeseries.data import Meta, datasets, table_of
from pipelines.tasks.timeseries.data import forecasts as in_unit
from pipelines.tasks.timeseries.params import Params
from pipelines.tasks.timeseries.ridge import ridge
from pipelines.tasks.timeseries.score import score

__all__ = ["Meta", "baselines"]


def baselines(prepared: Path, meta: Meta, target: str, params: Params) -> dict[str, Callable[[], Evaluation]]:
    """Forecasts at the test part's origins; parameters estimated on everything before the test part, or the last
    `params.baselines.most_values` of it.

    The naive ones continue the values; ETS and ARIMA get them transformed as the networks do, ridge regression gets the networks' windows.
    """
    series = meta.targets[target]
    table = table_of(prepared, target)
    origins = artifacts.read_array(prepared / target / "test.npy")
    values, horizon = table["filled"].to_numpy(), series.horizon
    season, past = series.season, series.borders["test"]
    orders, penalties = params.baselines.arima_orders, params.baselines.ridge_penalties
    start = max(0, past - params.baselines.most_values)
    recent, now, fitted_until = series.transform.apply(values)[start:], origins - start, past - start
    invert = series.transform.invert
    forecasts: dict[str, Callable[[], Floats]] = {
        "naive": lambda: classical.naive(values, origins, horizon),
        "seasonal naive": lambda: classical.seasonal_naive(values, origins, horizon, season),
        "seasonal naive + drift": lambda: classical.seasonal_naive_drift(values, origins, horizon, season),
        "drift": lambda: classical.drift(values, origins, horizon, past),
        "ETS": lambda: invert(classical.ets(recent, now, horizon, season, fitted_until)),
        "ARIMA": lambda: invert(classical.arima(recent, now, horizon, season, series.period, fitted_until, orders)),
        "ridge regression": lambda: in_unit(table, series, origins, ridge(datasets(prepared, meta, target), penalties)),
    }

    def scored(forecast: Callable[[], Floats]) -> Evaluation:
        return score(table, series, origins, forecast())

    return {name: partial(scored, forecast) for name, forecast in forecasts.items()}
