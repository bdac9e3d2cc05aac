"""Tables over time that a user drops in: one date column, numeric columns, and every error reported with its line."""

from pathlib import Path

import pandas as pd

from pipelines.errors import InputError


def read(path: Path) -> pd.DataFrame:
    """A `.csv` or `.parquet` as a table of floats with a sorted, unique `DatetimeIndex` named `date`.

    Missing values stay missing. Raise `InputError` with the file and, where there is one, the line or column.
    """
    readers = {".parquet": _parquet, ".csv": _csv}
    if path.suffix.lower() not in readers:
        raise InputError(f"{path}: is not a {' or '.join(readers)} file; convert or remove it")
    table = readers[path.suffix.lower()](path)
    if table.empty:
        raise InputError(f"{path}: has no rows; give it a header line and a row per time step")
    dates = _dates(table, path)
    numbers = pd.DataFrame(
        {name: _numbers(table[name], path) for name in table.columns if name != dates.name}, copy=False
    )
    if numbers.empty:
        raise InputError(f"{path}: has no numeric column beside {dates.name!r}; add one with the values")
    numbers.index = pd.DatetimeIndex(dates, name="date")
    repeated = numbers.index.duplicated()
    if repeated.any():
        row = int(repeated.argmax())
        raise InputError(
            f"{path}, line {row + 2}: {dates.iloc[row].date()} occurs a second time; keep one row for each date"
        )
    if numbers.index.is_monotonic_decreasing:  # newest first, as some sites export
        return numbers.iloc[::-1]
    if not numbers.index.is_monotonic_increasing:
        row = int((numbers.index[1:] < numbers.index[:-1]).argmax()) + 1
        raise InputError(
            f"{path}, line {row + 2}: {dates.iloc[row].date()} comes after {dates.iloc[row - 1].date()}; sort the rows "
            "by date"
        )
    return numbers


def _parquet(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is not a readable Parquet file ({error}); export it again") from error
    if isinstance(table.index, pd.DatetimeIndex):
        table = table.reset_index(names=table.index.name or "date")
    return table


def _csv(path: Path) -> pd.DataFrame:
    if path.stat().st_size == 0:
        raise InputError(f"{path}: is empty; give it a header line and a row per time step")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=True, skipinitialspace=True, encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InputError(f"{path}, line {line}: is not UTF-8; save the file in that encoding") from error
    except pd.errors.ParserError as error:
        detail = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise InputError(f"{path}: is not a table ({detail}); give every line the header's columns") from error
    except pd.errors.EmptyDataError as error:
        raise InputError(f"{path}: has no columns; give it a header line and a row per time step") from error
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(table.columns) == 1 and mark in str(table.columns[0]):
            raise InputError(
                f"{path}, line 1: separates its columns by {name}; export it with commas and decimal points"
            )
    return table


def _dates(table: pd.DataFrame, path: Path) -> "pd.Series[pd.Timestamp]":
    """The date column: called date, time, timestamp, month, … or else the first."""
    names = {str(name).strip().lower(): name for name in table.columns}
    known = ("date", "datetime", "time", "timestamp", "day", "week", "month")
    name = next((names[word] for word in known if word in names), table.columns[0])
    column = table[name]
    dates = pd.to_datetime(column, errors="coerce", format="ISO8601")
    if dates.isna().all():
        dates = pd.to_datetime(column, errors="coerce", format="mixed")
    if dates.isna().any():
        row = int(dates.isna().to_numpy().argmax())
        raise InputError(
            f"{path}, line {row + 2}: {column.iloc[row]!r} in the column {str(name)!r} is not a date; write dates as "
            "YYYY-MM-DD in the first column or one called date"
        )
    return dates.dt.tz_localize(None).rename(str(name))


def _numbers(column: "pd.Series[str]", path: Path) -> "pd.Series[float]":
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    wrong = (numbers.isna() & column.notna()) | numbers.isin([float("inf"), float("-inf")])
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise InputError(
            f"{path}, line {row + 2}: {column.iloc[row]!r} in the column {str(column.name)!r} is not a number; "
            "correct it or leave the field empty"
        )
    return numbers


def frequency(index: pd.DatetimeIndex, path: Path | str) -> str:
    """The pandas frequency of the steps, for example `W-SAT`; raise `InputError` if the steps are not even."""
    step = _inferred(index)
    if step:
        return step
    # Rows may be missing: the step of any part counts, if all dates lie on its grid.
    for start in range(0, max(1, len(index) - 24), 12):
        step = _inferred(index[start : start + 24])
        if step and index.isin(pd.date_range(index[0], index[-1], freq=step)).all():
            return step
    raise InputError(f"{path}: the dates follow no even step (hour, day, week, month, …); resample the series to one")


def _inferred(index: pd.DatetimeIndex) -> str | None:
    with pd.option_context("future.infer_freq_returns_offset", True):
        offset = pd.infer_freq(index) if len(index) >= 3 else None
    return None if offset is None else pd.tseries.frequencies.to_offset(offset).freqstr
