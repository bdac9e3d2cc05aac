"""Rolling-origin evaluation in the series' own units, the classical baselines, and forecasts against truth."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from pipelines.baselines import series as classical
from pipelines.contract import Meta, Primary, Scores
from pipelines.report import figures as charts
from pipelines.report.figures import Figure
from pipelines.report.results import Results
from pipelines.tasks.timeseries.data import known_part

AVERAGED = ("mase", "smape")


def primary(target: str) -> Primary:
    """MASE decides; a model that loses to seasonal naive is of no use."""
    return Primary("mase", "seasonal naive")


def evaluate(prepared: Path, meta: Meta, target: str, split: str, outputs: NDArray[np.float32], params: Any) -> Scores:
    """Score outputs (windows, horizon), scaled changes, as forecasts of the series in its own unit."""
    series = meta["targets"][target]
    table = pd.read_parquet(prepared / target / "table.parquet")
    origins = np.load(prepared / target / f"{split}.npy")
    scaler = series["target_scaler"]
    changes = outputs.astype(np.float64) * scaler["std"] + scaler["mean"]
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


# Figures


def figures(results: Results, target: str, model: str | None) -> list[Figure]:
    """Forecasts against truth for a model; error by step, of models and baselines, for the task."""
    if model is not None:
        return [_forecasts(results, target, model)]
    return [_series(results, target), _error_by_step(results, target)]


def _table(results: Results, target: str) -> pd.DataFrame:
    return pd.read_parquet(results.prepared / target / "table.parquet")


def _series(results: Results, target: str) -> Figure:
    table, series = _table(results, target), results.meta["targets"][target]
    lines = {f"{split} part": (part["date"], part["value"]) for split, part in table.groupby("split", sort=False)}
    missing = table[~table["observed"]]
    plot = charts.lines(lines, x="", y=series["unit"] or "value")
    if len(missing):
        charts.add_points(plot, "missing, carried forward", missing["date"], missing["filled"])
    return Figure(
        f"series-{target}",
        f"{target}: the series and its three parts",
        "Networks learn on the first part, stop by the second and are scored on the third, which nothing else has "
        f"seen. {series['missing']} of {series['rows']} values are missing; they are carried forward as input and "
        "never scored.",
        "If the test part looks unlike the training part (a trend goes on, an amplitude changes), every method has "
        "to extrapolate, and a recurrent network is not good at that.",
        plot,
    )


def _forecasts(results: Results, target: str, model: str) -> Figure:
    table, series = _table(results, target), results.meta["targets"][target]
    samples = results.samples(model, target)
    origins, forecasts = samples["origins"], samples["forecasts"]
    dates, values = table["date"], table["value"]
    horizon = series["horizon"]
    start = int(origins[0])
    lines = {"truth": (dates[start:], values[start:])}
    plot = charts.lines(lines, x="", y=series["unit"] or "value")
    for number in range(0, len(origins), horizon):
        steps = slice(int(origins[number]) + 1, int(origins[number]) + horizon + 1)
        charts.add_line(plot, "forecast", dates[steps], forecasts[number], color=charts.ACCENT, legend=number == 0)
    return Figure(
        f"forecasts-{target}",
        f"{target}: forecasts against truth over the test part",
        f"Every {horizon} {series['step']}s the network forecasts the next {horizon} from what was known then (one seed, "
        "the one with the median validation loss).",
        "Each red piece starts where the truth was known for the last time. Pieces that lag behind a turn mean that the "
        "network mostly repeats what it saw last.",
        plot,
    )


def _error_by_step(results: Results, target: str) -> Figure:
    series = results.meta["targets"][target]
    steps = list(range(1, series["horizon"] + 1))
    models = {name: results.samples(name, target) for name in results.models}
    baselines = {name: results.baseline_samples(name, target) for name in results.comparison["baselines"]}
    plot = charts.lines(
        {name: (steps, s["mase_by_step"]) for name, s in models.items()}, f"{series['step']}s ahead", ""
    )
    for number, (name, samples) in enumerate(baselines.items(), start=len(models)):
        color = charts.COLORS[number % len(charts.COLORS)]
        charts.add_line(plot, name, steps, samples["mase_by_step"], color=color, dash="dot")
    everyone = [*models.values(), *baselines.values()]
    charts.add_choice(
        plot,
        {
            name: [samples[f"{name.lower()}_by_step"] for samples in everyone]
            for name in ("MASE", "MAE", "RMSE", "sMAPE")
        },
    )
    return Figure(
        f"steps-{target}",
        f"{target}: error by step of the horizon",
        "Error at each step ahead over all test origins; recurrent models (explained seed) solid, baselines dotted. The menu "
        "changes the metric; MAE and RMSE are in the series' unit, sMAPE in per cent.",
        "The further ahead, the harder. A model whose line runs below the dotted ones only at first knows the last value "
        "well, not the dynamics. Click a name in the legend to hide its line.",
        plot,
    )
