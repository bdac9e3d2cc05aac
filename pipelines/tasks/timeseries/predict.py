"""`predict timeseries FILE`: forecasts after the last date of a table."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from pydantic import FilePath

from pipelines.errors import InputError, UsageError
from pipelines.predict import Prediction, argument_type, note
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
    from pipelines import names
    from pipelines.sources import tables
    from pipelines.tasks.timeseries.data import Meta

    meta, stated = trained.meta(Meta), trained.params.collect
    table, targets = tables.read(options.file, stated.dates, stated.decimal, note), meta.targets
    if options.series and len(table.columns) > 1:
        raise UsageError(f"--series is for one numeric column, but {options.file} has {len(table.columns)}")
    if options.series and options.series not in targets:
        raise UsageError(f"no network was trained on {options.series!r}; there are {', '.join(targets)}")
    columns = [str(column) for column in table]
    wanted = {column: options.series or series_of(options.file.stem, column, targets) for column in columns}
    found = {column: name for column, name in wanted.items() if name}
    known = {*meta.others, *(other.name for series in targets.values() for other in series.covariates)}
    other = [column for column in columns if column not in found and names.slug(column) not in known]
    if other:
        raise UsageError(
            f"no network was trained on {quoted(other[0])} of a file {quoted(options.file.stem)}; say with --series which it is: "
            f"{shortened(', '.join(targets), 300)}"
        )
    if not found:
        raise InputError(
            f"{options.file}: has only columns that are not forecast; add the column of one of {', '.join(targets)}"
        )
    for column, name in found.items():
        forecast = _forecast(trained, name, targets[name], table, column, options.file)
        lines = forecast.to_string(index=False, float_format="{:.5g}".format)
        model = trained.model(name)
        yield Prediction(
            {"series": name, "model": model, "forecast": forecast.to_dict("records")}, f"{name}, by {model}\n{lines}"
        )


def series_of(stem: str, column: str, targets: "dict[str, Series]") -> str | None:
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
    trained: "TrainedNetworks", name: str, series: "Series", table: "pd.DataFrame", column: str, file: Path
) -> "pd.DataFrame":
    import pandas as pd

    from pipelines.sources import steps
    from pipelines.tasks.timeseries.data import OWN, even_steps, inputs, known_part, phases_of

    where = f"{file}, column {column}"
    even, step = even_steps(table[column], where)
    if step != series.frequency:
        raise InputError(f"{where}: its steps are {step}, those of {name} were {series.frequency}; resample the table")
    horizon, lag = series.horizon, series.difference
    needed = series.lookback + max([lag, *(other.difference for other in series.covariates)])
    if len(even) < needed:
        raise InputError(f"{where}: has {len(even)} steps, but the network looks back over {needed}; add earlier rows")
    start, dates = even.index[0], cast(pd.DatetimeIndex, even.index)
    later = pd.date_range(dates[-1], periods=horizon + 1, freq=steps.offset(step))[1:]
    most = trained.params.prepare.max_gap
    _check_gap(even.iloc[-needed:], most, where)
    others = _covariates(series, name, table, dates[-needed:], later, most, file)
    phases = phases_of(dates, series.calendar, series.start, step, series.season)
    own = [feature for feature in series.features if feature in OWN]
    features = inputs(even, others, own, series.transform, series.scaler, lag, phases, series.covariates)
    window = features[-series.lookback :].astype(np.float32)
    known = known_part(series.transform.apply(even.ffill().to_numpy()), np.array([len(even) - 1]), horizon, lag)
    outputs = np.concatenate(list(trained.outputs(name, {"window": window[None]}))).astype(np.float64)
    runs = series.transform.invert(known + outputs * series.target_scaler.std + series.target_scaler.center)
    days = (later == later.normalize()).all() and start == start.normalize()
    return pd.DataFrame(
        {
            "date": later.strftime("%Y-%m-%d" if days else "%Y-%m-%d %H:%M"),
            "forecast": runs.mean(0),
            "std": runs.std(0),
        }
    )


def _covariates(
    series: "Series",
    name: str,
    table: "pd.DataFrame",
    dates: "pd.DatetimeIndex",
    later: "pd.DatetimeIndex",
    most: int,
    file: Path,
) -> "dict[str, pd.Series[float]]":
    """The columns that the network sees beside the series, by name: up to the last of `dates`, or to the last of `later` where known in
    advance."""
    from pipelines import names

    columns = {names.slug(f"{prefix}{column}"): column for prefix in (f"{file.stem}_", "") for column in table.columns}
    columns |= {str(column): column for column in table.columns}
    found = {other.name: columns.get(other.column, columns.get(other.name)) for other in series.covariates}
    if missing := [other.column for other in series.covariates if found[other.name] is None]:
        raise InputError(
            f"{file}: has no column {', '.join(missing)}, which the network of {name} sees beside the series; add "
            f"{'it' if len(missing) == 1 else 'them'}"
        )
    others = {covariate: table[column] for covariate, column in found.items()}
    for other in series.covariates:
        where = f"{file}, column {other.column}"
        _check_gap(others[other.name].reindex(dates), most, where)
        if other.ahead and others[other.name].reindex(later).isna().any():
            raise InputError(
                f"{where}: is known in advance, so it needs a value on each of the {len(later)} dates from {later[0]} to "
                f"{later[-1]}; add the rows, with the column of the series left empty"
            )
    return others


def _check_gap(values: "pd.Series[float]", most: int, where: str) -> None:
    missing = values.isna()
    run = int(missing.groupby((~missing).cumsum()).sum().max())
    if run > most:
        raise InputError(
            f"{where}: {run} of the last {len(values)} values, which the network sees, are missing in a row; at most {most} are "
            "carried forward (timeseries.prepare.max_gap): fill them, or end the table earlier"
        )
