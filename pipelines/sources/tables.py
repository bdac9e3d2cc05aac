"""Tables over time that a user drops in: one date column, numeric columns, and every error reported with its line.

A table is read in pieces of text that become numbers at once, so that it takes little more memory than its numbers.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from pipelines import names
from pipelines.errors import InputError
from pipelines.printing import quoted
from pipelines.sources import files

LARGEST = 1_000_000_000
"""Bytes of a file."""
MOST_COLUMNS = 1_000
"""Beside the dates."""
MOST_VALUES = 20_000_000
"""Rows times columns: 160 MB of numbers, and some gigabytes of windows and targets that are made from them."""
LONGEST_LINE = 100_000
"""Characters of a line."""
LONGEST_HEADING = 200
"""Characters of a column's name."""
GREATEST = 1e30
"""Magnitude of a value. Squares of far larger ones overflow 64 bits; forecasts of them, which are kept in 32 bits, overflow earlier."""
PIECE = 500_000
"""Values that are read at a time."""
KNOWN = ("date", "datetime", "time", "timestamp", "day", "week", "month")
"""Names of the date column; where there is none of them it is the first."""
OFFSET = r" *(?:Z|[+-][0-9]{2}:?[0-9]{2})$"
ZONED = r":[0-9]{2}(?:\.[0-9]+)?" + OFFSET
"""The end of a time with its offset from UTC."""
PARTS = 1_000
"""Stretches of a series at which is looked for its step."""
SPARSE = 10
"""Steps of a series for each of its rows; more are a mistyped date, and would take memory without bound."""
FEW_STEPS = 100_000
"""So many steps may be there in any case."""
Place = Callable[[int], str]
"""From a row, counted from 0, to where it is in the file."""


def read(path: Path) -> pd.DataFrame:
    """A `.csv` or `.parquet` as a table of floats with a sorted, unique `DatetimeIndex` named `date`.

    Missing values stay missing. Times whose offset from UTC changes are read as local ones if all are of one time of day (as exchanges
    write their days), else as UTC. Raise `InputError` with the file and, where there is one, the line or column.
    """
    pieces_of = {".parquet": _parquet, ".csv": _csv}
    kind = path.suffix.lower()
    if kind not in pieces_of:
        raise InputError(f"{path}: is not a {' or '.join(pieces_of)} file; convert or remove it")
    files.check_size(path, LARGEST)

    def at(row: int) -> str:
        return f"{path}, line {row + 2}" if kind == ".csv" else f"{path}, row {row + 1}"

    table = _joined(path, pieces_of[kind](path), at)
    dates = cast(pd.DatetimeIndex, table.index)
    steps = np.diff(dates.asi8)
    if (steps > 0).all():
        return table
    if (steps < 0).all():  # newest first, as some sites export
        return table.iloc[::-1]
    repeated = dates.duplicated()
    if repeated.any():
        row = int(repeated.argmax())
        raise InputError(f"{at(row)}: {dates[row].date()} occurs a second time; keep one row for each date")
    row = int((steps < 0).argmax()) + 1
    raise InputError(f"{at(row)}: {dates[row].date()} comes after {dates[row - 1].date()}; sort the rows by date")


# Pieces


def _parquet(path: Path) -> Iterator[pd.DataFrame]:
    import pyarrow.parquet

    try:
        counts = pyarrow.parquet.read_metadata(path)
        _check_shape(path, counts.num_rows, counts.num_columns)
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is not a readable Parquet file ({error}); export it again") from error
    if isinstance(table.index, pd.DatetimeIndex):
        table = table.reset_index(names=table.index.name or "date")
    yield table


def _csv(path: Path) -> Iterator[pd.DataFrame]:
    if path.stat().st_size == 0:
        raise InputError(f"{path}: is empty; give it a header line and a row per time step")
    columns, rows = 1, 0
    for rows, line in enumerate(files.lines(path, LONGEST_LINE)):
        if rows == 0:
            columns += line.count(",")
    _check_shape(path, rows, columns)
    try:
        with pd.read_csv(
            path, dtype=str, skipinitialspace=True, encoding="utf-8-sig", chunksize=max(1, PIECE // columns)
        ) as pieces:
            yield from pieces
    except pd.errors.ParserError as error:
        detail = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise InputError(f"{path}: is not a table ({detail}); give every line the header's columns") from error
    except pd.errors.EmptyDataError as error:
        raise InputError(f"{path}: has no columns; give it a header line and a row per time step") from error


def _check_shape(path: Path, rows: int, columns: int) -> None:
    if columns - 1 > MOST_COLUMNS:
        raise InputError(
            f"{path}: has {columns - 1:,} columns beside the dates, and at most {MOST_COLUMNS:,} are read; keep those that matter"
        )
    if rows * columns > MOST_VALUES:
        raise InputError(
            f"{path}: has {rows:,} rows of {columns:,} columns, and at most {MOST_VALUES:,} values are read; keep the "
            "columns that matter, or means over longer steps"
        )


def _joined(path: Path, pieces: Iterator[pd.DataFrame], at: Place) -> pd.DataFrame:
    """All pieces as numbers, with their dates as the index, in the order of the file."""
    rows, written = 0, ""
    numbers: list[pd.DataFrame] = []
    local: list[Any] = []
    universal: list[Any] = []
    for piece in pieces:
        for mark, name in ((";", "semicolons"), ("\t", "tabs")):
            if len(piece.columns) == 1 and mark in str(piece.columns[0]):
                raise InputError(
                    f"{path}, line 1: separates its columns by {name}; export it with commas and decimal points"
                )
        for number, name in enumerate(piece.columns, start=1):
            if len(str(name)) > LONGEST_HEADING or names.CONTROL.search(str(name)):
                raise InputError(
                    f"{path}, column {number}: its name, {quoted(name)}, has control characters or is longer than "
                    f"{LONGEST_HEADING} characters; give it another"
                )
        if piece.empty:
            continue

        def here(row: int, before: int = rows) -> str:
            return at(before + row)

        dates = _date_column(piece)
        others = [name for name in piece.columns if name != dates.name]
        if not others:
            raise InputError(f"{path}: has no numeric column beside {quoted(dates.name)}; add one with the values")
        written = written or _written(dates)
        for clock, part in zip((local, universal), _times(dates, written, here), strict=True):
            clock.append(part)
        numbers.append(pd.DataFrame({name: _numbers(piece[name], here) for name in others}, copy=False))
        rows += len(piece)
    if not rows:
        raise InputError(f"{path}: has no rows; give it a header line and a row per time step")
    table = pd.concat(numbers, ignore_index=True)
    numbers.clear()
    table.index = pd.DatetimeIndex(_one_clock(pd.concat(local), pd.concat(universal)), name="date")
    return table


# Dates


def _date_column(table: pd.DataFrame) -> "pd.Series[Any]":
    """The one called as one of `KNOWN`, or else the first."""
    names = {str(name).strip().lower(): name for name in table.columns}
    column = table[next((names[word] for word in KNOWN if word in names), table.columns[0])]
    return column.astype(str) if pd.api.types.is_numeric_dtype(column) else column


def _written(dates: "pd.Series[Any]") -> str:
    """How pandas is to read them: ISO 8601 if any is written so, else each by itself."""
    iso = pd.to_datetime(dates, errors="coerce", format="ISO8601", utc=True)
    return "ISO8601" if iso.notna().any() else "mixed"


def _times(dates: "pd.Series[Any]", written: str, at: Place) -> tuple["pd.Series[Any]", "pd.Series[Any]"]:
    """Local time and UTC of each date, without a zone; equal where no offset is written."""
    universal = pd.to_datetime(dates, errors="coerce", format=written, utc=True).dt.tz_localize(None)
    if isinstance(dates.dtype, pd.DatetimeTZDtype):
        local = dates.dt.tz_localize(None)
    elif pd.api.types.is_string_dtype(dates) and (zoned := dates.str.contains(ZONED, na=False)).any():
        texts = dates.where(~zoned, dates.str.replace(OFFSET, "", regex=True))
        local = pd.to_datetime(texts, errors="coerce", format=written, utc=True).dt.tz_localize(None)
    else:
        local = universal
    wrong = local.isna() | universal.isna()
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise InputError(
            f"{at(row)}: {quoted(dates.iloc[row])} in the column {quoted(dates.name)} is not a date; write dates as "
            "YYYY-MM-DD in the first column or one called date"
        )
    outside = (local.dt.year < 1) | (local.dt.year > 9999)
    if outside.any():
        row = int(outside.to_numpy().argmax())
        raise InputError(
            f"{at(row)}: {quoted(dates.iloc[row])} in the column {quoted(dates.name)} is not in the years 1 to 9999; "
            "correct it, or leave out the rows before"
        )
    return local, universal


def _one_clock(local: "pd.Series[Any]", universal: "pd.Series[Any]") -> "pd.Series[Any]":
    """Local times if their offset never changes or all are of one time of day; else UTC, where no hour is lost or doubled."""
    if (local - universal).nunique() == 1 or (local - local.dt.normalize()).nunique() == 1:
        return local
    return universal


# Numbers


def _numbers(column: "pd.Series[Any]", at: Place) -> "pd.Series[float]":
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    wrong = (numbers.isna() & column.notna()) | numbers.isin([float("inf"), float("-inf")])
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise InputError(
            f"{at(row)}: {quoted(column.iloc[row])} in the column {quoted(column.name)} is not a number; "
            "correct it or leave the field empty"
        )
    too_large = numbers.abs() > GREATEST
    if too_large.any():
        row = int(too_large.to_numpy().argmax())
        raise InputError(
            f"{at(row)}: {quoted(column.iloc[row])} in the column {quoted(column.name)} is beyond {GREATEST:g}, the most "
            "that is read; correct it, or give the column in a larger unit"
        )
    return numbers


# Steps


def frequency(index: pd.DatetimeIndex, path: Path | str) -> str:
    """The pandas frequency of the steps, for example `W-SAT`.

    Raise `InputError` if the steps are not even, or by far most of them are missing, so that an even grid would take memory
    without bound.
    """
    if step := _inferred(index):
        return step
    # Rows may be missing: the step of any part counts, if all dates lie on its grid.
    starts = range(0, max(1, len(index) - 24), 12)
    steps = dict.fromkeys(_inferred(index[start : start + 24]) for start in starts[:: -(-len(starts) // PARTS)])
    for step in filter(None, steps):
        offset = pd.tseries.frequencies.to_offset(step)
        count = (index[-1] - index[0]) / ((index[0] + 100 * offset - index[0]) / 100)
        if count > max(FEW_STEPS, SPARSE * len(index)):
            before = int(np.diff(index.asi8).argmax())
            raise InputError(
                f"{path}: {len(index):,} rows are too few for {count:,.0f} steps ({step}) from {index[0]} to {index[-1]}; see "
                f"whether {index[before + 1]}, which follows {index[before]}, is mistyped, or use the part before or after"
            )
        if _on_grid(index, offset):
            return step
    raise InputError(f"{path}: the dates follow no even step (hour, day, week, month, …); resample the series to one")


def _on_grid(index: pd.DatetimeIndex, offset: Any) -> bool:
    if isinstance(offset, pd.offsets.Tick):
        return not ((index - index[0]) % pd.Timedelta(offset)).any()
    return bool(index.isin(pd.date_range(index[0], index[-1], freq=offset)).all())


def steps_between(first: pd.Timestamp, last: pd.Timestamp, step: str) -> int:
    """How many whole steps of a frequency lie between two dates."""
    offset = pd.tseries.frequencies.to_offset(step)
    if isinstance(offset, pd.offsets.Tick):  # a grid of seconds over centuries would not fit in memory
        return (last - first) // pd.Timedelta(offset)
    return len(pd.date_range(first, last, freq=offset)) - 1


def _inferred(index: pd.DatetimeIndex) -> str | None:
    with pd.option_context("future.infer_freq_returns_offset", True):
        offset = pd.infer_freq(index) if len(index) >= 3 else None
    return None if offset is None else pd.tseries.frequencies.to_offset(offset).freqstr
