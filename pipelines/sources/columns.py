"""Which column of a table has the dates: by what is in it, and by its name only where several could."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pipelines.errors import InputError
from pipelines.printing import quoted, shortened
from pipelines.sources import clocks, date_formats, numerals, numeric_times
from pipelines.sources.clocks import Place, Stated, Times
from pipelines.sources.fields import NUMBER

KNOWN = (
    "date", "datetime", "date_time", "time", "timestamp", "ds", "day", "week", "month", "open_time", "period", "time_period",
    "observation_date", "unix", "unix_timestamp", "epoch", "ts", "datum", "fecha", "data", "tarih", "zeit",
)  # fmt: skip
"""Names of columns of dates, where several columns could be."""
PARTS = {
    "year": ("year", "yr", "yyyy", "jahr", "year_"),
    "month": ("month", "mo", "mon", "mm", "mnth"),
    "day": ("day", "dy", "dd", "dom", "mday"),
    "hour": ("hour", "hr", "hh"),
    "minute": ("minute", "min", "mi"),
    "second": ("second", "sec"),
    "week": ("week", "wk", "isoweek", "iso_week"),
    "quarter": ("quarter", "qtr", "q"),
    "day of year": ("doy", "dayofyear", "day_of_year", "yday"),
}
"""Names of columns that together are a date."""
RANGES = {
    "year": (1, 9999),
    "month": (1, 12),
    "day": (1, 31),
    "hour": (0, 23),
    "minute": (0, 59),
    "second": (0, 59),
    "week": (1, 53),
    "quarter": (1, 4),
    "day of year": (1, 366),
}
"""Least and greatest value of each."""
SAMPLE = 100
"""Values that show whether a column has dates."""


def plain_name(name: str) -> str:
    """A column's name without marks: lower case, words joined by `_`."""
    return re.sub(r"\W+", "_", name.strip().lower()).strip("_")


def dates(columns: "Mapping[str, pd.Series[Any]]", stated: Stated, where: str, at: Place) -> tuple[Times, list[str]]:
    """The times of the rows, and the columns that they are read from.

    `columns` are of texts, numbers or times. Raise `InputError` where no column has dates, or one of them is none.
    """
    by_name = {plain_name(name): name for name in reversed(list(columns))}
    known = [by_name[word] for word in KNOWN if word in by_name]
    shares = {name: share for name, column in columns.items() if (share := _dated(column, stated))}
    fit = [name for name in columns if shares.get(name, 0) >= 0.8]
    if chosen := next((name for name in known if name in fit), None) or next(iter(fit), None):
        return _with_time_of_day(_read(columns[chosen], chosen, stated, at), chosen, columns, at)
    if stated.format is not None:
        chosen = [*known, *columns][0]
        return _read(columns[chosen].astype("str"), chosen, stated, at), [chosen]
    if found := _parts(columns, by_name, at):
        return found
    if chosen := next((name for name in known if name in shares), None):
        return _with_time_of_day(_read(columns[chosen], chosen, stated, at), chosen, columns, at)
    first = next(iter(columns))
    called = [*known, *(by_name[word] for word in PARTS["year"] if word in by_name), *_ending(columns)]
    for name in dict.fromkeys([*called, *columns]):
        values = _numbers(columns[name])
        if values is None or not len(values) or (name not in called and not _ascending(values)):
            continue
        times = numeric_times.read(values, name)
        if times and (
            name in called or (times.day and _mostly_even(times.local))
        ):  # years and months may be any numbers
            return _with_time_of_day(times, name, columns, at)
    raise _none(columns, [*known, first][0], where, at)


def _mostly_even(times: "pd.Series[Any]") -> bool:
    steps = pd.Series(np.diff(times.to_numpy().astype("datetime64[us]").astype(np.int64)))
    return len(steps) > 1 and bool((steps == steps.mode().iloc[0]).mean() > 0.5)


def _ending(columns: "Mapping[str, pd.Series[Any]]") -> list[str]:
    return [name for name in columns if re.search(r"(?:time|date|timestamp)$", plain_name(name))]


def _dated(column: "pd.Series[Any]", stated: Stated) -> float:
    """Share of a column's first values that are dates, if they are texts or times."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return 1.0
    if pd.api.types.is_numeric_dtype(column):
        return 0.0
    sample = [text for text in column.iloc[:SAMPLE].dropna().astype(str) if text.strip()]
    if not sample:
        return 0.0
    if stated.format is not None:
        return float(pd.to_datetime(pd.Series(sample), format=stated.format, errors="coerce").notna().mean())
    return sum(not NUMBER.fullmatch(text) and date_formats.looks_dated(text) for text in sample) / len(sample)


def _read(column: "pd.Series[Any]", name: str, stated: Stated, at: Place) -> Times:
    if not pd.api.types.is_datetime64_any_dtype(column):
        return clocks.read(column.astype("str"), name, stated, at)
    if column.isna().any():
        raise InputError(
            f"{at(int(column.isna().to_numpy().argmax()))}: has no date in the column {quoted(name)}; add it, or remove the row"
        )
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return Times(column.dt.tz_localize(None), column.dt.tz_convert(None), f"times in the zone {column.dt.tz}")
    return Times(column, column, "times")


def _numbers(column: "pd.Series[Any]") -> "pd.Series[Any] | None":
    """A column's numbers, if it has no others values."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return None
    if pd.api.types.is_numeric_dtype(column):
        return None if column.isna().any() else column
    texts = column.str.strip()
    if not texts.str.fullmatch(numerals.PLAIN).fillna(False).all():
        return None
    return pd.to_numeric(texts)


def _ascending(values: "pd.Series[Any]") -> bool:
    steps = np.diff(values.to_numpy())
    return bool((steps > 0).all() or (steps < 0).all())


# Several columns


def _parts(
    columns: "Mapping[str, pd.Series[Any]]", by_name: dict[str, str], at: Place
) -> tuple[Times, list[str]] | None:
    """Columns such as year, month, day and hour, which together are a time; None if there are none."""
    found = {part: by_name[word] for part, words in PARTS.items() for word in reversed(words) if word in by_name}
    for finest in (["month", "day", "hour", "minute", "second"], ["day of year", "hour"], ["week"], ["quarter"]):
        if "year" in found and finest[0] in found:
            used = ["year"]
            for part in finest:
                if part not in found:
                    break
                used.append(part)
            break
    else:
        return None
    values: dict[str, pd.Series[Any]] = {}
    for part in used:
        column = columns[found[part]]
        numbers = _month_names(column) if part == "month" else None
        numbers = _numbers(column) if numbers is None else numbers
        if numbers is None or (numbers != numbers.round()).any():
            return None
        low, high = RANGES[part]
        wrong = ((numbers < low) | (numbers > high)).to_numpy()
        if wrong.any():
            row = int(wrong.argmax())
            hint = (
                "hours run from 0 to 23: subtract 1 if an hour is called by its end" if part == "hour" else "correct it"
            )
            raise InputError(
                f"{at(row)}: {numbers.iloc[row]:g} in the column {quoted(found[part])} cannot be the {part}; {hint}"
            )
        values[part] = numbers.astype(int)
    times, names = _joined(values), [found[part] for part in used]
    if times.isna().any():
        row = int(times.isna().to_numpy().argmax())
        written = ", ".join(f"{part} {values[part].iloc[row]}" for part in used)
        raise InputError(f"{at(row)}: there is no day {written}; correct it")
    note = f"the columns {', '.join(map(quoted, names))} together are read as the time"
    return Times(times, times, " and ".join(used), "day" in used or "day of year" in used, [note]), names


def _month_names(column: "pd.Series[Any]") -> "pd.Series[Any] | None":
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return None
    for written in ("%b", "%B"):
        months = pd.to_datetime(column.str.strip() + " 2000", format=f"{written} %Y", errors="coerce")
        if months.notna().all():
            return months.dt.month
    return None


def _joined(values: "dict[str, pd.Series[Any]]") -> "pd.Series[Any]":
    year = values["year"].astype(str).str.zfill(4)
    if "week" in values:
        return clocks.weeks(year, values["week"].astype(str).str.zfill(2), pd.Series("1", year.index))
    if "quarter" in values:
        return pd.to_datetime(year + "-" + (3 * values["quarter"] - 2).astype(str).str.zfill(2), format="%Y-%m")
    if "day of year" in values:
        days = pd.to_datetime(
            year + " " + values["day of year"].astype(str).str.zfill(3), format="%Y %j", errors="coerce"
        )
        return days + pd.to_timedelta(values.get("hour", 0), unit="h")
    one = pd.Series(1, year.index)
    text = year + "-" + values["month"].astype(str).str.zfill(2) + "-" + values.get("day", one).astype(str).str.zfill(2)
    times = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    for part, seconds in (("hour", 3600), ("minute", 60), ("second", 1)):
        if part in values:
            times = times + pd.to_timedelta(seconds * values[part], unit="s")
    return times


def _with_time_of_day(
    times: Times, name: str, columns: "Mapping[str, pd.Series[Any]]", at: Place
) -> tuple[Times, list[str]]:
    """The times of a column of days, with the time of day that another column has."""
    days = times.local
    if not times.day or (days != days.dt.normalize()).any():
        return times, [name]
    for other, column in columns.items():
        if other == name or pd.api.types.is_datetime64_any_dtype(column):
            continue
        if plain_name(other) in PARTS["hour"] and days.duplicated().any() and (hours := _numbers(column)) is not None:
            wrong = ((hours < 0) | (hours > 23) | (hours != hours.round())).to_numpy()
            if wrong.any():
                row = int(wrong.argmax())
                raise InputError(
                    f"{at(row)}: {hours.iloc[row]:g} in the column {quoted(other)} is not an hour; {_hour(hours)}"
                )
            clock = pd.to_timedelta(hours, unit="h")
        elif not pd.api.types.is_numeric_dtype(column) and _are_clocks(column):
            read = clocks.times_of_day(clocks.tidy(column), other, at)
            clock = read - read.dt.normalize()
        else:
            continue
        note = f"the columns {quoted(name)} and {quoted(other)} together are read as the time"
        joined = days + clock
        return Times(joined, joined, f"{times.format} and time of day", True, [*times.notes, note]), [name, other]
    return times, [name]


def _hour(hours: "pd.Series[Any]") -> str:
    """What to do about numbers that are no hours."""
    return (
        "hours run from 0 to 23: subtract 1 if an hour is called by its end"
        if hours.max() == 24
        else "write times as HH:MM"
    )


def _are_clocks(column: "pd.Series[Any]") -> bool:
    sample = [str(text).strip() for text in column.iloc[:SAMPLE]]
    return bool(sample) and all(
        (date_formats.CLOCK_OF_DAY.fullmatch(text) and not numerals.MARKED.fullmatch(text))
        or re.fullmatch(r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}", text)
        for text in sample
    )


# None


def _none(columns: "Mapping[str, pd.Series[Any]]", name: str, where: str, at: Place) -> InputError:
    """Why a table has no column of dates."""
    column = columns[name]
    empty = column.isna() | (column.astype("str").str.strip() == "")
    if empty.any() and not empty.all() and _numbers(column[~empty]) is not None:
        return InputError(
            f"{at(int(empty.to_numpy().argmax()))}: has no date in the column {quoted(name)}; add it, or remove the row"
        )
    if (values := _numbers(column)) is not None and (what := numeric_times.spreadsheet_days(values)):
        return InputError(
            f"{where}: the column {quoted(name)} seems to have {what}, whose first day differs between programs; write dates as YYYY-MM-DD"
        )
    first = column.iloc[0]
    part = next((part for part, words in PARTS.items() if plain_name(name) in words and part != "year"), None)
    if part and values is not None:
        return InputError(
            f"{where}: the column {quoted(name)} has a {part} without a year; add a column with the dates"
        )
    if isinstance(first, str) and date_formats.CLOCK_OF_DAY.fullmatch(first.strip()):
        return InputError(
            f"{at(0)}: {quoted(first)} in the column {quoted(name)} is a time without a day; add a column with the dates"
        )
    if isinstance(first, str) and date_formats.looks_like_date(first):
        return InputError(f"{at(0)}: {quoted(first)} in the column {quoted(name)} {clocks.why(first)}")
    shown = shortened(", ".join(quoted(other, 40) for other in columns), 200)
    return InputError(
        f"{at(0)}: {quoted(str(first))} in the column {quoted(name)} is not a date, and no other column ({shown}) has dates; write "
        "dates as YYYY-MM-DD in a column called date"
    )
