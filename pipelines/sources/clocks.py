"""Dates and times as people write them: one format a column, found from all of it, or stated by the user; nothing missing is filled in."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from pipelines.errors import InputError
from pipelines.printing import quoted

Texts = "pd.Series[Any]"
Place = Callable[[int], str]
"""From a row, counted from 0, to where it is in the file."""
MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
LONG_MONTH = "(?:january|february|march|april|june|july|august|september|october|november|december)"
OFFSET = r" ?(?:Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)"
ZONED = rf"(:[0-9]{{2}}(?:\.[0-9]+)?|[T ][0-9]{{4}}(?:[0-9]{{2}})?){OFFSET}$"
"""The end of a time with its offset from UTC."""
CLOCK_OF_DAY = re.compile(r"[0-9]{1,2}(?:[:.][0-9]{2}){1,2}(?:\.[0-9]+)?(?: ?[AaPp]\.?[Mm]\.?)?")
"""A time without a day."""
PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}", ("%Y{0}%m{0}%d",)),
    (r"[0-9]{1,2}(\.)[0-9]{1,2}\1[0-9]{4}", ("%d{0}%m{0}%Y",)),
    (r"[0-9]{1,2}([-/])[0-9]{1,2}\1[0-9]{4}", ("%d{0}%m{0}%Y", "%m{0}%d{0}%Y")),
    (rf"[0-9]{{1,2}}([-/ .]){MONTH}\1[0-9]{{4}}", ("%d{0}%b{0}%Y",)),
    (rf"[0-9]{{2}}(){MONTH}[0-9]{{4}}", ("%d%b%Y",)),
    (rf"[0-9]{{1,2}}([-/ .]){LONG_MONTH}\1[0-9]{{4}}", ("%d{0}%B{0}%Y",)),
    (rf"{MONTH}()\.? [0-9]{{1,2}}(?P<comma>,?) [0-9]{{4}}", ("%b %d, %Y", "%b %d %Y", "%B %d, %Y", "%b. %d, %Y")),
    (rf"{LONG_MONTH}()\.? [0-9]{{1,2}}(?P<comma>,?) [0-9]{{4}}", ("%B %d, %Y", "%B %d %Y")),
    (rf"[0-9]{{4}}([-/ ]){MONTH}\1[0-9]{{1,2}}", ("%Y{0}%b{0}%d",)),
    (rf"{MONTH}([-/ ])[0-9]{{4}}", ("%b{0}%Y", "%B{0}%Y")),
    (rf"{LONG_MONTH}([-/ ])[0-9]{{4}}", ("%B{0}%Y",)),
    (rf"[0-9]{{4}}([-/ ]){MONTH}", ("%Y{0}%b", "%Y{0}%B")),
    (rf"[0-9]{{4}}([-/ ]){LONG_MONTH}", ("%Y{0}%B",)),
    (r"[0-9]{4}([-/])[0-9]{1,2}", ("%Y{0}%m",)),
    (r"[0-9]{1,2}([-/])[0-9]{4}", ("%m{0}%Y",)),
    (r"()[0-9]{8}", ("%Y%m%d",)),
    (r"()[0-9]{4}M[0-9]{2}", ("%YM%m",)),
)
"""Forms of a date, and the formats that may be meant; `{0}` is the mark between the parts."""
TIMES: tuple[tuple[str, str], ...] = (
    (r"", ""),
    (r"[0-9]{1,2}:[0-9]{2}", "%H:%M"),
    (r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}", "%H:%M:%S"),
    (r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}\.[0-9]+", "%H:%M:%S.%f"),
    (r"[0-9]{1,2}\.[0-9]{2}\.[0-9]{2}", "%H.%M.%S"),
    (r"[0-9]{1,2}:[0-9]{2} [ap]m", "%I:%M %p"),
    (r"[0-9]{1,2}:[0-9]{2}[ap]m", "%I:%M%p"),
    (r"[0-9]{1,2}:[0-9]{2}:[0-9]{2} [ap]m", "%I:%M:%S %p"),
    (r"[0-9]{1,2} [ap]m", "%I %p"),
    (r"[0-9]{2}", "%H"),
    (r"[0-9]{4}", "%H%M"),
    (r"[0-9]{6}", "%H%M%S"),
)
WEEKDAYS = (
    (r"(?:mon|tue|wed|thu|fri|sat|sun)(?P<mark>,?) ", "%a"),
    (r"(?:mon|tues|wednes|thurs|fri|satur|sun)day(?P<mark>,?) ", "%A"),
)
QUARTER = r"(?:(?P<year>[0-9]{4})[- /:]?Q(?P<quarter>[1-4])|Q(?P<quarter2>[1-4])[- /:]?(?P<year2>[0-9]{4}))"
WEEK = r"(?P<year>[0-9]{4})-?W(?P<week>[0-9]{2})(?:-?(?P<day>[1-7]))?"
SPOKEN = {
    "%Y": "YYYY",
    "%m": "MM",
    "%d": "DD",
    "%b": "Mon",
    "%B": "Month",
    "%H": "HH",
    "%I": "HH",
    "%M": "MM",
    "%S": "SS",
} | {"%f": "ffffff", "%p": "AM/PM", "%a": "Day", "%A": "Weekday"}


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


def spoken(written: str) -> str:
    """A format of `strftime` as people say it."""
    return re.sub("%[a-zA-Z]", lambda found: SPOKEN.get(found.group(), found.group()), written)


def looks_dated(text: str) -> bool:
    """Whether a text is in one of the forms of a date with a month, quarter or week."""
    text = tidy_text(text)
    body = re.sub(ZONED, r"\1", text)
    return bool(
        next(formats(body), None)
        or re.fullmatch(QUARTER, text, re.IGNORECASE)
        or re.fullmatch(WEEK, text, re.IGNORECASE)
    )


def tidy_text(text: str) -> str:
    """Without no-break spaces and spaces at its ends."""
    return re.sub(r"\s+", " ", text).strip()


def tidy(texts: "pd.Series[Any]") -> "pd.Series[Any]":
    """The same of a column."""
    return texts.str.replace(r"[\s\u00a0\u202f]+", " ", regex=True).str.strip()


def formats(text: str) -> Iterator[str]:
    """The formats (of `strftime`) in which a text without an offset may be written: two where day and month cannot be told."""
    before = ""
    for pattern, mark in WEEKDAYS:
        if found := re.match(pattern, text, re.IGNORECASE):
            before, text = f"{mark}{found['mark']} ", text[found.end() :]
            break
    for date, dates in PARTS:
        found = re.match(date, text, re.IGNORECASE)
        if not found:
            continue
        rest = text[found.end() :]
        joint = next(
            (joint for joint in ("T", " ", ", ", ":", "") if rest.startswith(joint) and (joint or not rest)), None
        )
        if joint is None:
            continue
        for clock, time in TIMES:
            if bool(time) == bool(rest) and re.fullmatch(clock, rest[len(joint) :], re.IGNORECASE):
                for written in dates:
                    yield f"{before}{written.format(found[1])}{joint}{time}"


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
    if "%d" not in written and texts.map(_spans_two_years).all():
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
            if (written.index("%d") < written.index("%m")) == stated.day_first
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
    if _spans_two_years(text):
        return "is a year that ends in the next; write the year in which each begins"
    if re.search(r":[0-9]{2} [A-Z][A-Za-z_/]+$", text):
        return "names a zone; write its offset from UTC instead, as in +01:00"
    if any(spoken(written) in how for written in formats(text)):
        return "does not exist; correct it, or remove the row"
    if how:
        return f"is not a date {how}; write all dates in one way, or remove the row"
    return "is not a date; write dates as YYYY-MM-DD, or state collect.dates.format"


def _spans_two_years(text: str) -> bool:
    """Whether a text is one such as 2001/02."""
    found = re.fullmatch(r"[0-9]{2}([0-9]{2})[-/]([0-9]{2})", text)
    return found is not None and int(found[2]) == (int(found[1]) + 1) % 100


def looks_like_date(text: str) -> bool:
    """Whether a text is meant as a date or time, perhaps in a form that is not read."""
    begins = rf"-?[0-9]{{1,4}}[-/.][0-9]{{1,2}}[-/.][0-9]{{1,4}}|[0-9]{{1,2}}[-/ .]{MONTH}"
    return bool(re.match(begins, text.strip(), re.IGNORECASE)) or "24:00" in text


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


# Columns of numbers


EPOCHS = {"s": (1e8, 4.2e9), "ms": (1e11, 4.2e12), "us": (1e14, 4.2e15), "ns": (1e17, 4.2e18)}
"""Units in which time since 1970 is counted, and the numbers that are times from 1973 to 2103."""
UNITS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
COMPACT = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
"""Digits without a mark between them."""
YEARS = (1500, 2200)


def read_numbers(values: "pd.Series[float]", name: str) -> Times | None:
    """Times that are numbers: `YYYYMMDD` and the like, time since 1970, years, years with fractions; None if they are none of these.

    Raise `InputError` for day numbers of spreadsheets, whose first day differs.
    """
    numbers = values.to_numpy(float)
    if not len(numbers) or not np.isfinite(numbers).all():
        return None
    whole, least, most = bool((numbers == np.round(numbers)).all()), numbers.min(), numbers.max()
    if whole and YEARS[0] <= least and most <= YEARS[1]:
        times = pd.to_datetime(pd.Series(numbers.astype(int)).astype(str), format="%Y")
        return Times(times, times, "year", day=False)
    if whole and (written := COMPACT.get(len(str(int(most))))) and len(str(int(least))) == len(str(int(most))):
        times = pd.to_datetime(pd.Series(numbers.astype(np.int64)).astype(str), format=written, errors="coerce")
        if times.notna().all() and times.dt.year.between(*YEARS).all():
            return Times(times, times, spoken(written), "%d" in written)
    for unit, (low, high) in EPOCHS.items():
        if low <= least and most < high:
            exact = values if pd.api.types.is_integer_dtype(values) else pd.Series(numbers)
            per = {"s": 10**6, "ms": 10**3, "us": 1, "ns": 1}[unit]
            micro = np.round(exact.to_numpy() * per) if unit != "ns" else exact.to_numpy() // 1000
            times = pd.Series(micro.astype(np.int64).astype("datetime64[us]"))
            return Times(
                times,
                times,
                f"{UNITS[unit]} since 1970",
                notes=[f"the column {quoted(name)} is read as {UNITS[unit]} since 1970 in UTC"],
            )
    if not whole and YEARS[0] <= least and most <= YEARS[1] + 1:
        return _fractional_years(numbers, name)
    return None


def _fractional_years(numbers: Any, name: str) -> Times | None:
    """Years with twelfths or quarters, at the beginning or in the middle of each; None for other fractions."""
    year = np.floor(numbers)
    for parts, what in ((4, "quarters"), (12, "months")):
        for middle in (0.0, 0.5):
            part = np.round((numbers - year) * parts - middle)
            near = np.abs((numbers - year) * parts - middle - part) < 0.06
            if near.all() and (np.diff(part + parts * year) != 0).all():
                months = ((part + parts * year) * (12 // parts)).astype(int)
                times = pd.Series((months - 12 * 1970).astype("datetime64[M]").astype("datetime64[us]"))
                note = f"the column {quoted(name)} is read as years and {what}"
                return Times(times, times, f"year and fraction ({what})", day=False, notes=[note])
    return None


def spreadsheet_days(values: "pd.Series[float]") -> str | None:
    """What numbers that nobody would write as dates may be: the days that spreadsheets count."""
    numbers = values.to_numpy(float)
    if not len(numbers) or not np.isfinite(numbers).all() or (np.diff(numbers) == 0).any():
        return None
    if numbers.min() >= 10_000 and numbers.max() <= 80_000:
        return "days as Excel counts them"
    if numbers.min() >= 690_000 and numbers.max() <= 800_000:
        return "days as MATLAB counts them"
    return None
