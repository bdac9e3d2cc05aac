"""`predict timeseries FILE`: forecasts after the last date of a table."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import numpy as np
from pydantic import FilePath

from pipelines.errors import InputError, UsageError
from pipelines.predict import Prediction, argument_type

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.predict import TrainedNetworks
    from pipelines.tasks.timeseries.data import Series


def arguments(parser: argparse.ArgumentParser) -> None:
    """A table and, if that is neither a column's nor the file's name, the series that it continues."""
    parser.add_argument(
        "file", type=argument_type(FilePath), metavar="FILE", help="a .csv or .parquet, as in data/input/timeseries"
    )
    parser.add_argument("--series", metavar="NAME", help="the trained series that the table's only column belongs to")


def predict(trained: "TrainedNetworks", options: argparse.Namespace) -> Iterator[Prediction]:
    """For each column the steps of the horizon: mean and standard deviation over the networks of all seeds.

    Raise `InputError` for a table that cannot be used, `UsageError` for a series that no network was trained on.
    """
    from pipelines import names
    from pipelines.sources import tables
    from pipelines.tasks.timeseries.data import Meta

    meta = trained.meta(Meta)
    table, targets = tables.read(options.file), meta.targets
    if options.series and len(table.columns) > 1:
        raise UsageError(f"--series is for one numeric column, but {options.file} has {len(table.columns)}")
    for column in table.columns:
        stem = options.file.stem
        possible = [options.series or names.slug(text) for text in (f"{stem}_{column}", str(column), stem)]
        name = next((name for name in possible if name in targets), None)
        if name is None:
            raise UsageError(
                f"no network was trained on {possible[1]!r}; say with --series which it is: {', '.join(targets)}"
            )
        forecast = _forecast(trained, name, targets[name], table[column], f"{options.file}, column {column}")
        lines = forecast.to_string(index=False, float_format="{:.5g}".format)
        model = trained.model(name)
        yield Prediction(
            {"series": name, "model": model, "forecast": forecast.to_dict("records")}, f"{name}, by {model}\n{lines}"
        )


def _forecast(
    trained: "TrainedNetworks", name: str, series: "Series", values: "pd.Series[float]", where: str
) -> "pd.DataFrame":
    import pandas as pd

    from pipelines.tasks.timeseries.data import even_steps, inputs, known_part, phase

    even, step = even_steps(values, where)
    if step != series.frequency:
        raise InputError(f"{where}: its steps are {step}, those of {name} were {series.frequency}; resample the table")
    needed, horizon, lag = series.lookback + series.difference, series.horizon, series.difference
    if len(even) < needed:
        raise InputError(f"{where}: has {len(even)} steps, but the network looks back over {needed}; add earlier rows")
    phases = phase(cast(pd.DatetimeIndex, even.index), series.calendar, series.start, step, series.season)
    window = inputs(even, series.features, series.scaler, lag, phases)[-series.lookback :].astype(np.float32)
    known = known_part(even.ffill().to_numpy(), np.array([len(even) - 1]), horizon, lag)
    outputs = np.concatenate(list(trained.outputs(name, {"window": window[None]}))).astype(np.float64)
    runs = known + outputs * series.target_scaler.std + series.target_scaler.mean
    dates = pd.date_range(cast(pd.Timestamp, even.index[-1]), periods=horizon + 1, freq=step)[1:]
    return pd.DataFrame(
        {
            "date": dates.strftime("%Y-%m-%d %H:%M" if step.endswith("h") else "%Y-%m-%d"),
            "forecast": runs.mean(0),
            "std": runs.std(0),
        }
    )
