"""`predict timeseries FILE`: forecasts after the last date of a table."""

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import numpy as np
from pydantic import FilePath

from pipelines.errors import InputError, UsageError
from pipelines.predict import Prediction, argument_type
from pipelines.printing import quoted, shortened

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
    from pipelines.sources import tables
    from pipelines.tasks.timeseries.data import Meta

    meta, stated = trained.meta(Meta), trained.params.collect
    table, targets = tables.read(options.file, stated.dates, stated.decimal), meta.targets
    if options.series and len(table.columns) > 1:
        raise UsageError(f"--series is for one numeric column, but {options.file} has {len(table.columns)}")
    wanted = {column: options.series or _series_of(options.file.stem, str(column), targets) for column in table}
    if options.series and options.series not in targets:
        raise UsageError(f"no network was trained on {options.series!r}; there are {', '.join(targets)}")
    if not any(wanted.values()):
        raise UsageError(
            f"no network was trained on {' or '.join(map(quoted, list(table)[:3]))} of a file {quoted(options.file.stem)}; say with "
            f"--series which it is: {shortened(', '.join(targets), 300)}"
        )
    for column, name in wanted.items():
        if name is None:
            print(f"note: no network was trained on the column {quoted(column)}", file=sys.stderr)
            continue
        forecast = _forecast(trained, name, targets[name], table[column], f"{options.file}, column {column}")
        lines = forecast.to_string(index=False, float_format="{:.5g}".format)
        model = trained.model(name)
        yield Prediction(
            {"series": name, "model": model, "forecast": forecast.to_dict("records")}, f"{name}, by {model}\n{lines}"
        )


def _series_of(stem: str, column: str, targets: "dict[str, Series]") -> str | None:
    """The trained series that a column of a file continues: of the same column, and of the same file where several have it.

    The samples come from no file: their column is called as the series, or the file is. Raise `UsageError` where several may be meant.
    """
    from pipelines import names

    same = [name for name, series in targets.items() if series.column == column]
    exact = [name for name in same if targets[name].file == stem]
    slugs = [names.slug(text) for text in (column, stem)]
    found = exact or same or [name for name in dict.fromkeys(slugs) if name in targets and not targets[name].column]
    if len(found) > 1:
        raise UsageError(
            f"the column {quoted(column)} may continue the series {' or '.join(found)}; name the file as the one that was trained on, or "
            "say with --series which it is"
        )
    return found[0] if found else None


def _forecast(
    trained: "TrainedNetworks", name: str, series: "Series", values: "pd.Series[float]", where: str
) -> "pd.DataFrame":
    import pandas as pd

    from pipelines.sources import steps
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
    dates = pd.date_range(cast(pd.Timestamp, even.index[-1]), periods=horizon + 1, freq=steps.offset(step))[1:]
    return pd.DataFrame(
        {
            "date": dates.strftime("%Y-%m-%d" if (dates == dates.normalize()).all() else "%Y-%m-%d %H:%M"),
            "forecast": runs.mean(0),
            "std": runs.std(0),
        }
    )
