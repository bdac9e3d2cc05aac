"""Rolling-origin evaluation in the series' own units, the classical baselines, and forecasts against truth."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from pipelines.baselines import series as classical
from pipelines.contract import Meta, Primary, Scores
from pipelines.tasks.timeseries.data import known_part

AVERAGED = ("mase", "smape")


def primary(target: str) -> Primary:
    """MASE decides; a model that loses to seasonal naive is of no use."""
    return Primary("mase", "seasonal naive")


def evaluate(
    prepared: Path, meta: Meta, target: str, split: str, outputs: Iterable[NDArray[np.float32]], params: Any
) -> Scores:
    """Score outputs (windows, horizon), scaled changes, as forecasts of the series in its own unit."""
    series = meta["targets"][target]
    table = pd.read_parquet(prepared / target / "table.parquet")
    origins = np.load(prepared / target / f"{split}.npy")
    scaler = series["target_scaler"]
    changes = np.concatenate(list(outputs)).astype(np.float64) * scaler["std"] + scaler["mean"]
    known = known_part(table["filled"].to_numpy(), origins, series["horizon"], series["difference"])
    return _score(table, series, origins, known + changes)


def baselines(prepared: Path, meta: Meta, target: str, params: Any) -> dict[str, Scores]:
    """Classical forecasts at the test part's origins; parameters estimated on everything before the test part."""
    series = meta["targets"][target]
    table = pd.read_parquet(prepared / target / "table.parquet")
    origins = np.load(prepared / target / "test.npy")
    values, horizon = table["filled"].to_numpy(), series["horizon"]
    season, past = series["season"], series["borders"]["test"]
    forecasts = {
        "naive": classical.naive(values, origins, horizon),
        "seasonal naive": classical.seasonal_naive(values, origins, horizon, season),
        "seasonal naive + drift": classical.seasonal_naive_drift(values, origins, horizon, season),
        "drift": classical.drift(values, origins, horizon, past),
        "ETS": classical.ets(values, origins, horizon, season, past),
        "ARIMA": classical.arima(values, origins, horizon, season, series["period"], past),
    }
    return {name: _score(table, series, origins, forecast) for name, forecast in forecasts.items()}


def _score(
    table: pd.DataFrame, series: dict[str, Any], origins: NDArray[np.int64], forecasts: NDArray[np.float64]
) -> Scores:
    """MAE, RMSE, sMAPE (Makridakis 1993) and MASE (Hyndman & Koehler 2006); filled-in values are not scored.

    MASE divides by the mean absolute error of seasonal naive on the training part.
    """
    steps = origins[:, None] + np.arange(1, series["horizon"] + 1)
    truth = table["value"].to_numpy()[steps]
    known = ~np.isnan(truth)
    training = table["value"].to_numpy()[: series["borders"]["valid"]]
    scale = np.nanmean(np.abs(training[series["season"] :] - training[: -series["season"]]))

    errors = np.where(known, np.abs(forecasts - truth), np.nan)
    size = np.abs(forecasts) + np.abs(truth)
    percent = np.where(size > 0, 200 * errors / np.where(size > 0, size, 1), 0.0)
    losses = np.nanmean(np.where(known.any(1, keepdims=True), errors, 0.0), axis=1) / scale
    return Scores(
        metrics={
            "mae": float(mean_absolute_error(truth[known], forecasts[known])),
            "rmse": float(root_mean_squared_error(truth[known], forecasts[known])),
            "smape": float(np.nanmean(percent[known])),
            "mase": float(np.nanmean(errors) / scale),
        },
        losses=losses,
        samples={
            "forecasts": forecasts.astype(np.float32),
            "origins": origins,
            "mae_by_step": np.nanmean(errors, axis=0),
            "rmse_by_step": np.sqrt(np.nanmean(errors**2, axis=0)),
            "smape_by_step": np.nanmean(np.where(known, percent, np.nan), axis=0),
            "mase_by_step": np.nanmean(errors, axis=0) / scale,
        },
    )
