"""Rolling-origin scores in the series' own units."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from pipelines.contract import Array, Evaluation, Floats, Indices, Metric
from pipelines.tasks.timeseries.data import Series

METRICS = {
    metric.name: metric
    for metric in (Metric("mase", "MASE"), Metric("mae", "MAE"), Metric("rmse", "RMSE"), Metric("smape", "sMAPE"))
}


@dataclass(frozen=True)
class Forecasts:
    """Forecasts at every origin, and their errors."""

    forecasts: Array
    """(origins, horizon) float32, in the series' unit."""
    origins: Indices
    by_step: dict[str, Floats]
    """Metric -> error at each step of the horizon."""


def score(table: pd.DataFrame, series: Series, origins: Indices, forecasts: Floats) -> Evaluation:
    """MAE, RMSE, sMAPE (Makridakis 1993) and MASE (Hyndman & Koehler 2006); filled-in values are not scored.

    MASE divides by the mean absolute error of seasonal naive on the training part.
    """
    steps = origins[:, None] + np.arange(1, series.horizon + 1)
    truth = table["value"].to_numpy()[steps]
    known = ~np.isnan(truth)
    training = table["value"].to_numpy()[: series.borders["valid"]]
    scale = np.nanmean(np.abs(training[series.season :] - training[: -series.season]))

    errors = np.where(known, np.abs(forecasts - truth), np.nan)
    size = np.abs(forecasts) + np.abs(truth)
    percent = np.where(size > 0, 200 * errors / np.where(size > 0, size, 1), 0.0)
    losses = np.nanmean(np.where(known.any(1, keepdims=True), errors, 0.0), axis=1) / scale
    return Evaluation(
        metrics={
            "mae": float(mean_absolute_error(truth[known], forecasts[known])),
            "rmse": float(root_mean_squared_error(truth[known], forecasts[known])),
            "smape": float(np.nanmean(percent[known])),
            "mase": float(np.nanmean(errors) / scale),
        },
        losses=losses,
        record=Forecasts(
            forecasts.astype(np.float32),
            origins,
            {
                "MASE": np.nanmean(errors, axis=0) / scale,
                "MAE": np.nanmean(errors, axis=0),
                "RMSE": np.sqrt(np.nanmean(errors**2, axis=0)),
                "sMAPE": np.nanmean(np.where(known, percent, np.nan), axis=0),
            },
        ),
    )
