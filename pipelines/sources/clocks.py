"""Dates and times as people write them: one format a column, found from all of it, or stated by the user; nothing missing is filled in."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd

from pipelines.errors import InputError
from pipelines.printing import quoted
from pipelines.sources.date_formats import (
    CLOCK_OF_DAY,
    MONTH,
    QUARTER,
    TIMES,
    WEEK,
    ZONED,
    formats,
    spans_two_years,
    spoken,
)  # fmt: skip

Place = Callable[[int], str]
"""From a row, counted from 0, to where it is in the file."""


class Stated(Protocol):
    """What the user says of the dates (`collect.dates`)."""

    @property
    def format(self) -> str | None:
        """Of `strptime`."""

    @property
    def day_first(self) -> bool | None:
        """Whether the day comes before the month."""

    @property
    def zone(self) -> str | None:
        """Of times without an offset."""


@dataclass
class Times:
    """The times of a column, all of them read; equal where no offset is written."""

    local: "pd.Series[Any]"
    universal: "pd.Series[Any]"
    format: str
    """How they are written, in words."""
    day: bool = True
    """Whether each names a day; a month, quarter or week stands for its first."""
    notes: list[str] = field(default_factory=list)


def tidy(texts: "pd.Series[Any]") -> "pd.Series[Any]":
    """A column of texts, each with single spaces and none at its ends."""
    return texts.str.replace(r"[\s\u00a0\u202f]+", " ", regex=True).str.strip()


# Columns of text


def read(texts: "pd.Series[Any]", name: str, stated: Stated, at: Place) -> Times:
    """Texts that are dates.

    Raise `InputError`, with the place, for one that is not of the format of the others, and for a column that can be read day first and
    month first.
    """
    texts = tidy(texts)
    blank = (texts.isna() | (texts == "")).to_numpy()
    if blank.any():
        raise InputError(
            f"{at(int(blank.argmax()))}: has no date in the column {quoted(name)}; add it, or remove the row"
        )
    if stated.format is not None:
        read = _parsed(texts, stated.format)
        _check(read, texts, name, f"in the stated format ({stated.format})", at)
        return Times(read, read, f"{stated.format}, as stated")
    for special in (_quarters, _weeks):
        if (found := special(texts)) is not None:
            return found
    body, offsets = _without_offset(texts, name, at)
    local, written = _one_format(body, name, stated, at)
    _check_years(local, texts, name, at)
    if "%d" not in written and texts.map(spans_two_years).all():
        raise InputError(
            f"{at(0)}: {quoted(texts.iloc[0])} in the column {quoted(name)} may be a month, or a year that ends in the next, as may all "
            "others; write the year in which each begins, or state collect.dates.format"
        )
    universal = local if offsets is None else local - offsets
    times = Times(local, universal, spoken(written), "%d" in written)
    if "%d" in written and "%m" in written and not written.startswith(("%Y", "%a", "%A")):
        order = "day" if written.index("%d") < written.index("%m") else "month"
        times.notes.append(f"the dates of the column {quoted(name)} are read {order} first ({times.format})")
    return times


def _parsed(texts: "pd.Series[Any]", written: str) -> "pd.Series[Any]":
    return pd.to_datetime(texts, format=written, errors="coerce")


def _one_format(body: "pd.Series[Any]", name: str, stated: Stated, at: Place) -> tuple["pd.Series[Any]", str]:
    first = str(body.iloc[0])
    candidates = list(dict.fromkeys(formats(first)))
    read: dict[str, pd.Series[Any]] = {}
    best: tuple[int, str] = (0, "")
    for written in candidates:
        times = _with_fractions(body, written)
        missing = int(times.isna().sum())
        if not missing:
            read[written] = times
        elif len(body) - missing > best[0]:
            best = (len(body) - missing, written)
    if len(read) > 1 and stated.day_first is not None:
        read = {
            written: times
            for written, times in read.items()
            if not ("%d" in written and "%m" in written)
            or (written.index("%d") < written.index("%m")) == stated.day_first
        }
    if not read:
        written = best[1]
        times = _with_fractions(body, written) if written else pd.Series(pd.NaT, body.index)
        _check(times, body, name, f"written as the first ({spoken(written)})" if written else "", at)
    if len(read) > 1:
        one, other = list(read)[:2]
        differ = (read[one] != read[other]).to_numpy()
        if differ.any():
            row = int(differ.argmax())
            days = [read[written].iloc[row].strftime("%-d %B %Y") for written in (one, other)]
            raise InputError(
                f"{at(row)}: {quoted(body.iloc[row])} in the column {quoted(name)} is {days[0]} if the day is first, and {days[1]} if the "
                "month is first, and no other date shows which; state it as collect.dates.day_first, or write YYYY-MM-DD"
            )
    written = next(iter(read))
    return read[written], written


def _with_fractions(body: "pd.Series[Any]", written: str) -> "pd.Series[Any]":
    """The times; seconds may have fractions in some rows and none in others, for a whole second is often written without."""
    times = _parsed(body, written)
    if "%S" in written and times.isna().any():
        other = written.removesuffix(".%f") if written.endswith(".%f") else f"{written}.%f"
        times = times.fillna(_parsed(body, other))
    return times


def _check(times: "pd.Series[Any]", texts: "pd.Series[Any]", name: str, how: str, at: Place) -> None:
    wrong = times.isna().to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        text = str(texts.iloc[row])
        raise InputError(f"{at(row)}: {quoted(text)} in the column {quoted(name)} {why(text, how)}")


def why(text: str, how: str = "") -> str:
    """What is wrong with a text that should be a date."""
    if "stated" in how:
        return f"is not a date {how}; correct one of the two"
    if re.search(r"(?:^|[T ])24(?::?00)", text):
        return "has the hour 24; write it as 00:00 of the next day"
    if re.fullmatch(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2}(?: .*)?", text) or re.fullmatch(
        rf"[0-9]{{1,2}}-{MONTH}-[0-9]{{2}}", text, re.IGNORECASE
    ):
        return "has a year of two digits, without its century; write four, or state collect.dates.format"
    if re.match(r"-[0-9]+-|0000-", text):
        return "is not in the years 1 to 9999; correct it, or leave out the rows before"
    if CLOCK_OF_DAY.fullmatch(text):
        return "is a time without a day; add the date"
    if spans_two_years(text):
        return "is a year that ends in the next; write the year in which each begins"
    if re.search(r":[0-9]{2} [A-Z][A-Za-z_/]+$", text):
        return "names a zone; write its offset from UTC instead, as in +01:00"
    if any(spoken(written) in how for written in formats(text)):
        return "does not exist; correct it, or remove the row"
    if how:
        return f"is not a date {how}; write all dates in one way, or remove the row"
    return "is not a date; write dates as YYYY-MM-DD, or state collect.dates.format"


def times_of_day(texts: "pd.Series[Any]", name: str, at: Place) -> "pd.Series[Any]":
    """Times without a day, all in one form, on any day."""
    for pattern, written in TIMES[1:]:
        if re.fullmatch(pattern, str(texts.iloc[0]), re.IGNORECASE):
            times = _parsed(texts, written)
            _check(times, texts, name, f"a time written as the first ({spoken(written)})", at)
            return times
    raise InputError(f"{at(0)}: {quoted(texts.iloc[0])} in the column {quoted(name)} is not a time of day; write HH:MM")


def _check_years(times: "pd.Series[Any]", texts: "pd.Series[Any]", name: str, at: Place) -> None:
    outside = ((times.dt.year < 1) | (times.dt.year > 9999)).to_numpy()
    if outside.any():
        row = int(outside.argmax())
        raise InputError(
            f"{at(row)}: {quoted(texts.iloc[row])} in the column {quoted(name)} is not in the years 1 to 9999; correct it, or leave out "
            "the rows before"
        )


def _without_offset(texts: "pd.Series[Any]", name: str, at: Place) -> tuple["pd.Series[Any]", "pd.Series[Any] | None"]:
    """The times without their offset from UTC, and the offsets, if they have any."""
    zoned = texts.map(lambda text: bool(re.search(ZONED, text))).to_numpy(bool)
    if not zoned.any():
        return texts, None
    if not zoned.all():
        one, other = int(zoned.argmax()), int((~zoned).argmax())
        raise InputError(
            f"{at(max(one, other))}: {quoted(texts.iloc[max(one, other)])} in the column {quoted(name)} has "
            f"{'an' if one > other else 'no'} offset from UTC, unlike {quoted(texts.iloc[min(one, other)])} before; write all "
            "times with one, or none"
        )
    body = texts.str.replace(ZONED, r"\1", regex=True)
    ends = pd.Series([text[len(rest) :].strip() for text, rest in zip(texts, body, strict=True)], texts.index)
    seconds = {end: _seconds(end) for end in ends.unique()}
    if strange := next((end for end, value in seconds.items() if value is None), None):
        row = int((ends == strange).to_numpy().argmax())
        raise InputError(
            f"{at(row)}: {quoted(texts.iloc[row])} in the column {quoted(name)} has an offset from UTC that no zone has; correct it"
        )
    return body, pd.to_timedelta(ends.map(seconds).astype(float), unit="s")


def _seconds(end: str) -> float | None:
    if end in ("Z", "UTC", "GMT"):
        return 0.0
    sign, digits = (-1 if end[0] == "-" else 1), end[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    return sign * (3600.0 * hours + 60.0 * minutes) if hours <= 14 and minutes < 60 else None


def _quarters(texts: "pd.Series[Any]") -> Times | None:
    if not re.fullmatch(QUARTER, str(texts.iloc[0]), re.IGNORECASE):
        return None
    found = texts.str.upper().str.extract(f"^{QUARTER}$")
    year, quarter = found["year"].fillna(found["year2"]), found["quarter"].fillna(found["quarter2"])
    if year.isna().any():
        return None
    times = pd.to_datetime(year + "-" + (3 * quarter.astype(int) - 2).astype(str).str.zfill(2), format="%Y-%m")
    return Times(times, times, "year and quarter", day=False)


def _weeks(texts: "pd.Series[Any]") -> Times | None:
    if not re.fullmatch(WEEK, str(texts.iloc[0]), re.IGNORECASE):
        return None
    found = texts.str.upper().str.extract(f"^{WEEK}$")
    if found["year"].isna().any() or found["day"].isna().nunique() > 1:
        return None
    times = weeks(found["year"], found["week"], found["day"].fillna("1"))
    return (
        None if times.isna().any() else Times(times, times, "ISO year and week", day=bool(found["day"].notna().all()))
    )


def weeks(year: "pd.Series[Any]", week: "pd.Series[Any]", day: "pd.Series[Any]") -> "pd.Series[Any]":
    """The days of weeks by ISO 8601; NaT for a week that its year does not have."""
    return pd.to_datetime(year + "-W" + week + "-" + day, format="%G-W%V-%u", errors="coerce")
