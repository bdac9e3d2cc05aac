"""Tables over time that a user drops in: their dates, their numeric columns, and every error reported with its line.

What is read from a `.csv` is decided from the whole file (`fields`, `clocks`, `columns`, `numerals`); what is left out is named.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from pipelines.errors import InputError
from pipelines.printing import quoted
from pipelines.sources import date_formats, fields, files, numerals
from pipelines.sources.clocks import Place, Stated, Times
from pipelines.sources.columns import dates as dates_of
from pipelines.sources.fields import Headless
from pipelines.sources.numerals import Decimal

OnNote = Callable[[str], None]
"""What is called with a sentence for each thing that was left out or decided."""


@dataclass(frozen=True)
class NothingStated:
    """Dates of which the user says nothing."""

    format: str | None = None
    day_first: bool | None = None
    zone: str | None = None


def read(
    path: Path,
    stated: Stated = NothingStated(),
    decimal: Decimal | None = None,
    on_note: OnNote = lambda _: None,
    headless: Headless = lambda _: None,
) -> pd.DataFrame:
    """A `.csv` or `.parquet` as a table of floats with a sorted, unique `DatetimeIndex` named `date`.

    Missing values stay missing; columns of texts are left out, which `on_note` is told. Times whose offset from UTC changes are read as
    local ones if all are of one time of day (as exchanges write their days), else as UTC. `stated` and `decimal` are what the user says
    of the dates and numbers, `headless` gives names to a table that has none. Raise `InputError` with the file and, where there is one,
    the line or column.
    """
    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise InputError(f"{path}: is not a .parquet or .csv file; convert or remove it")
    files.check_size(path, fields.LARGEST)
    if kind == ".csv":
        table = fields.read(path, headless)
        for note in table.notes:
            on_note(note)
        texts, lines, delimiter = table.columns, table.lines, table.delimiter

        def at(row: int) -> str:
            return f"{path}, line {lines[row]}"

    else:
        texts, delimiter = _parquet(path), ","

        def at(row: int) -> str:
            return f"{path}, row {row + 1}"

    times, used = dates_of(texts, stated, str(path), at)
    for note in times.notes:
        on_note(f"{path}: {note}")
    others = {name: column for name, column in texts.items() if name not in used}
    months = [
        name for name in others if re.fullmatch(f"{date_formats.MONTH}|{date_formats.LONG_MONTH}", name, re.IGNORECASE)
    ]
    if times.format == "year" and len(months) > 6:
        raise InputError(
            f"{path}: has a column for each month ({', '.join(months[:3])}, …); give it a row for each month, and a column for each series"
        )
    if not others:
        raise InputError(f"{path}: has no numeric column beside {quoted(used[0])}; add one with the values")
    numbers, left_out = _numbers(others, delimiter, decimal, path, at, on_note)
    if not numbers:
        raise InputError(
            f"{path}: has no numeric column beside {quoted(used[0])} ({', '.join(map(quoted, left_out))} "
            f"{'has' if len(left_out) == 1 else 'have'} texts); add one with the values"
        )
    result = pd.DataFrame(numbers, copy=False)
    result.index = pd.DatetimeIndex(_one_clock(times, stated, path, at, on_note), name="date")
    return _in_order(result, {name: others[name] for name in left_out}, at)


# Parts


def _parquet(path: Path) -> "dict[str, pd.Series[Any]]":
    import pyarrow.parquet

    try:
        counts = pyarrow.parquet.read_metadata(path)
        if counts.num_columns - 1 > fields.MOST_COLUMNS:
            raise InputError(
                f"{path}: has {counts.num_columns - 1:,} columns beside the dates, and at most {fields.MOST_COLUMNS:,} are read; keep "
                "those that matter"
            )
        if counts.num_rows * counts.num_columns > fields.MOST_VALUES:
            raise fields.too_large(path, counts.num_rows, counts.num_columns)
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is not a readable Parquet file ({error}); export it again") from error
    if not isinstance(table.index, pd.RangeIndex):
        names = [name or ("date" if level == 0 else f"level {level}") for level, name in enumerate(table.index.names)]
        table = table.reset_index(names=[f"{name} of the index" if name in table.columns else name for name in names])
    if not len(table):
        raise InputError(f"{path}: has no rows; give it a row per time step")
    return {str(name): _plain(table[name]) for name in table.columns}


def _plain(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """A column of texts, numbers or times."""
    if isinstance(column.dtype, pd.PeriodDtype):
        return column.dt.to_timestamp()
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return column
    return column.astype("str")


def _numbers(
    columns: "dict[str, pd.Series[Any]]",
    delimiter: str,
    decimal: Decimal | None,
    path: Path,
    at: Place,
    on_note: OnNote,
) -> "tuple[dict[str, pd.Series[float]], list[str]]":
    """The numeric columns, and the names of those of texts."""
    ready: dict[str, pd.Series[float]] = {}
    begun: dict[str, numerals.Column] = {}
    left_out = []
    for name, column in columns.items():
        if pd.api.types.is_datetime64_any_dtype(column):
            on_note(f"{path}: the column {quoted(name)} has dates too, and is left out")
        elif pd.api.types.is_numeric_dtype(column):
            ready[name] = numerals.checked(name, pd.to_numeric(column, errors="coerce").astype(float), at)
        else:
            started = numerals.unit_of(numerals.begin(column))
            if started.odd and started.numeric_share < 0.5:
                left_out.append(name)
                first = next(iter(started.odd.values()))
                what = "has dates too" if date_formats.looks_dated(first) else f"has texts ({quoted(first, 40)}, …)"
                on_note(f"{path}: the column {quoted(name)} {what}, and is left out")
            else:
                begun[name] = started
    mark = numerals.decimal_of(begun, delimiter, decimal, str(path))
    if mark == ",":
        on_note(f"{path}: its numbers have decimal commas")
    for name in columns:
        if name in begun:
            if begun[name].unit:
                on_note(
                    f"{path}: the values of the column {quoted(name)} are read without their unit, {begun[name].unit}"
                )
            ready[name] = numerals.finish(name, begun.pop(name), mark, at)
    return {name: ready[name] for name in columns if name in ready}, left_out


# Time


def _one_clock(times: Times, stated: Stated, path: Path, at: Place, on_note: OnNote) -> "pd.Series[Any]":
    """Local times if their offset never changes or all are of one time of day; else UTC, where no hour is lost or doubled."""
    local, universal = times.local, times.universal
    if local is universal or local.equals(universal):
        return local if stated.zone is None else _localized(local, stated.zone, path, at, on_note)
    if (local - universal).nunique() == 1:
        return local
    if (local - local.dt.normalize()).nunique() == 1:
        on_note(
            f"{path}: the times are read as those of their own zone, whose offset from UTC changes, for all are of one time of day"
        )
        return local
    on_note(f"{path}: the times are read in UTC, for their offset from it changes")
    return universal


def _localized(local: "pd.Series[Any]", zone: str, path: Path, at: Place, on_note: OnNote) -> "pd.Series[Any]":
    """UTC of local times in a zone that the user has stated."""
    if (local == local.dt.normalize()).all():
        return local  # days are days in every zone
    order = local.iloc[::-1] if local.iloc[0] > local.iloc[-1] else local
    try:
        zoned = pd.DatetimeIndex(order).tz_localize(zone, ambiguous="infer", nonexistent="NaT")
    except ValueError as error:
        raise InputError(
            f"{path}: the times cannot be those of {zone}, as collect.dates.zone says: {str(error).rstrip('.')}; correct one of the two"
        ) from error
    read = pd.Series(zoned.tz_convert(None), order.index).reindex(local.index)
    if read.isna().any():
        row = int(read.isna().to_numpy().argmax())
        raise InputError(
            f"{at(row)}: {local.iloc[row]} does not exist in {zone}, where clocks are set forward; correct it, or collect.dates.zone"
        )
    on_note(f"{path}: the times are those of {zone}, as stated, and read in UTC")
    return read


def _in_order(table: pd.DataFrame, texts: "dict[str, pd.Series[Any]]", at: Place) -> pd.DataFrame:
    """The table, oldest row first; raise `InputError` if its dates are in no order, or one occurs twice."""
    dates = cast(pd.DatetimeIndex, table.index)
    steps = np.diff(dates.asi8)
    if (steps > 0).all():
        return table
    if (steps < 0).all():  # newest first, as some sites export
        return table.iloc[::-1]
    repeated = np.asarray(dates.duplicated())
    if repeated.any():
        row = int(repeated.argmax())
        few = {str(name): table[name] for name in table if table[name].nunique() <= len(table) / 2}
        for name, column in {**texts, **few}.items():
            groups = column.astype(str).fillna("").to_numpy()
            if len(set(groups)) > 1 and not pd.MultiIndex.from_arrays([dates, groups]).has_duplicates:
                other = next(group for group in groups if group != groups[0])
                raise InputError(
                    f"{at(row)}: {_day(dates[row])} occurs a second time, for the table has the rows of several {quoted(name)} "
                    f"({quoted(groups[0], 30)}, {quoted(other, 30)}, …) in one column; give each its own file"
                )
        if _clocks_set_back(dates):
            raise InputError(
                f"{at(row)}: {_day(dates[row])} occurs a second time, as where clocks are set back at the end of summer time; state "
                "the zone as collect.dates.zone, or write UTC"
            )
        raise InputError(f"{at(row)}: {_day(dates[row])} occurs a second time; keep one row for each date")
    rising = (steps > 0).sum() >= (steps < 0).sum()
    row = int(((steps < 0) if rising else (steps > 0)).argmax()) + 1
    raise InputError(
        f"{at(row)}: {_day(dates[row])} comes {'after' if rising else 'below'} {_day(dates[row - 1])}; sort the rows by date"
    )


def _clocks_set_back(dates: pd.DatetimeIndex) -> bool:
    """Whether every repeated time lies in an hour of a Sunday of spring or autumn."""
    repeated = dates[dates.duplicated()]
    hours = {(day.date(), day.hour) for day in repeated}
    return (
        bool((repeated.day_of_week == 6).all() and repeated.month.isin([3, 4, 9, 10, 11]).all())
        and len(hours) == len({day for day, _ in hours})
        and repeated.nunique() == len(repeated)
        and bool((dates != dates.normalize()).any())
    )


def _day(date: pd.Timestamp) -> str:
    return str(date).removesuffix(" 00:00:00")
