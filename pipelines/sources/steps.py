"""The step of a series: any even one, with its name and its seasons."""

import re
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from pipelines.errors import InputError

PARTS = 1_000
"""Stretches of a series at which is looked for its step."""
SPARSE = 10
"""Steps of a series for each of its rows; more are a mistyped date, and would take memory without bound."""
FEW_STEPS = 100_000
"""So many steps may be there in any case."""
DAY_OF_MONTH = re.compile(r"(?:(?P<months>[0-9]+))?MS-(?P<day>[0-9]+)")
"""Our name of the steps from one day of a month to that of a later one, for which pandas has none: `MS-15`, `3MS-15`."""
LONGEST_SEASON = 1_500
"""Steps; a day of minutes has 1,440."""
NAMES = {
    "h": "hour", "D": "day", "B": "business day", "W": "week", "MS": "month", "ME": "month", "BMS": "month", "BME": "month",
    "QS": "quarter", "QE": "quarter", "BQS": "quarter", "BQE": "quarter", "YS": "year", "YE": "year", "SMS": "half month",
    "SME": "half month", "min": "minute", "s": "second",
}  # fmt: skip
MONTHS = {
    "MS": 1,
    "ME": 1,
    "BMS": 1,
    "BME": 1,
    "WOM": 1,
    "LWOM": 1,
    "QS": 3,
    "QE": 3,
    "BQS": 3,
    "BQE": 3,
    "YS": 12,
    "YE": 12,
    "BYS": 12,
    "BYE": 12,
}
"""Months of a step by the name of its frequency."""


def frequency(index: pd.DatetimeIndex, path: Path | str) -> str:
    """The frequency of the steps, for example `W-SAT`: pandas' name, or one that `offset` knows.

    Raise `InputError` if the steps are not even, or by far most of them are missing, so that an even grid would take memory
    without bound.
    """
    index = pd.DatetimeIndex(index.to_numpy())  # without a frequency: that of `offset` has no name in pandas
    if step := _inferred(index):
        return step
    # Rows may be missing: the step of any part counts, if all dates lie on its grid.
    starts = range(0, max(1, len(index) - 24), 12)
    steps = dict.fromkeys(_inferred(index[start : start + 24]) for start in starts[:: -(-len(starts) // PARTS)])
    for step in [*filter(None, steps), *_guessed(index)]:
        count = steps_between(index[0], index[-1], step, roughly=True)
        if count > max(FEW_STEPS, SPARSE * len(index)):
            before = int(np.diff(index.asi8).argmax())
            raise InputError(
                f"{path}: {len(index):,} rows are too few for {count:,.0f} steps ({step}) from {index[0]} to {index[-1]}; see "
                f"whether {index[before + 1]}, which follows {index[before]}, is mistyped, or use the part before or after"
            )
        if _on_grid(index, step):
            return step
    raise InputError(f"{path}: {_uneven(index)}; resample the series to even steps (hour, day, week, month, …)")


def offset(step: str) -> Any:
    """The pandas offset of a frequency."""
    if found := DAY_OF_MONTH.fullmatch(step):
        return pd.DateOffset(months=int(found["months"] or 1))
    return pd.tseries.frequencies.to_offset(step)


def steps_between(first: pd.Timestamp, last: pd.Timestamp, step: str, roughly: bool = False) -> int:
    """How many whole steps of a frequency lie between two dates."""
    by = offset(step)
    if isinstance(by, pd.offsets.Tick):  # a grid of seconds over centuries would not fit in memory
        return int((last - first) // pd.Timedelta(by))
    if isinstance(by, pd.offsets.Day | pd.offsets.Week):  # the range of centuries of weeks takes seconds
        begin = by.rollforward(first) if isinstance(by, pd.offsets.Week) else first
        days = by.n * (7 if isinstance(by, pd.offsets.Week) else 1)
        return int((last - begin) // pd.Timedelta(days=days))
    if roughly:
        return int((last - first) / ((first + 100 * by - first) / 100))
    return len(pd.date_range(first, last, freq=by)) - 1


def season(step: str) -> int:
    """Steps in the shortest season: a day of hours, a week of days, a year of weeks, months and quarters; 1 if there is none."""
    return next(iter(seasons(step)), 1)


def seasons(step: str) -> list[int]:
    """Steps in a day, a week and a year, where these are whole numbers of steps (52 weeks count as a year) that can be learned."""
    by = offset(step)
    base = step.split("-")[0].lstrip("0123456789")
    if isinstance(by, pd.offsets.Tick):
        day = pd.Timedelta(days=1) / pd.Timedelta(by)
        found = [int(day), 7 * int(day)] if day == int(day) else []
    elif base == "D":
        found = [*([7 // by.n] if 7 % by.n == 0 else []), *([round(365.25 / by.n)] if by.n == 1 or by.n >= 7 else [])]
    elif base in ("B", "C"):
        found = [5]
    elif base == "W":
        found = [52 // by.n]
    elif base in ("SMS", "SME"):
        found = [24 // by.n]
    else:
        months = (
            int(cast(Any, DAY_OF_MONTH.fullmatch(step))["months"] or 1)
            if DAY_OF_MONTH.fullmatch(step)
            else MONTHS.get(base, 12) * by.n
        )
        found = [12 // months] if months < 12 and 12 % months == 0 else []
    return [length for length in found if 2 <= length <= LONGEST_SEASON]


def name(step: str) -> str:
    """What a step is called, in the singular: hour, 30-minute step, month, quarter."""
    base, count = step.split("-")[0].lstrip("0123456789"), re.match("[0-9]+", step)
    word = NAMES.get(base, "step")
    return f"{count.group()}-{word} step" if count and word != "step" else word


def _inferred(index: pd.DatetimeIndex) -> str | None:
    with pd.option_context("future.infer_freq_returns_offset", True):
        found = pd.infer_freq(index) if len(index) >= 3 else None
    return None if found is None else pd.tseries.frequencies.to_offset(found).freqstr


def _guessed(index: pd.DatetimeIndex) -> list[str]:
    """Steps that pandas does not look for: a day of each month, twice a month, and the commonest distance of two dates."""
    if len(index) < 3:
        return []
    days, guesses = index.day, []
    apart = np.diff(index.year * 12 + index.month)
    months = int(np.gcd.reduce(apart)) if (apart > 0).all() else 0
    if months and (apart == months).mean() > 0.5:
        times = "" if months == 1 else str(months)
        if days.nunique() == 1 and (index - index.normalize()).nunique() == 1:
            at_first = days[0] == 1 and index[0] == index[0].normalize()
            guesses.append(f"{times}MS" if at_first else f"{times}MS-{days[0]}")
        elif index.is_month_end.all():
            guesses.append(f"{times}ME")
    if days.nunique() == 2 and days.min() == 1:
        guesses.append(f"SMS-{days.max()}")
    ends = index.is_month_end
    if ends.any() and len(set(days[~ends])) == 1:
        guesses.append(f"SME-{int(days[~ends][0])}")
    steps = pd.Series(np.diff(index.asi8))
    commonest = int(steps.mode().iloc[0])
    if commonest > 0 and (steps == commonest).mean() > 0.5:
        unit = pd.Timedelta(commonest, unit=index.unit)
        guesses.append(cast(Any, pd.tseries.frequencies.to_offset(unit)).freqstr)
    if (index.day_of_week < 5).all() and (index.normalize() == index).all():
        guesses.append("B")
    return guesses


def _on_grid(index: pd.DatetimeIndex, step: str) -> bool:
    by = offset(step)
    if isinstance(by, pd.offsets.Tick):
        return not ((index - index[0]) % pd.Timedelta(by)).any()
    return bool(index.isin(pd.date_range(index[0], index[-1], freq=by)).all())


def _uneven(index: pd.DatetimeIndex) -> str:
    """What is uneven, with the first place of it."""
    if len(index) < 3:
        return f"{len(index)} rows show no step"
    steps = pd.Series(np.diff(index.asi8))
    common = steps.mode().iloc[0]
    row = int((steps != common).to_numpy().argmax())
    usual = pd.Timedelta(int(common), unit=index.unit)
    odd = pd.Timedelta(int(steps.iloc[row]), unit=index.unit)
    return (
        f"the dates follow no even step: the commonest distance is {_spoken(usual)}, but from {index[row]} to {index[row + 1]} it is "
        f"{_spoken(odd)}"
    )


def _spoken(distance: pd.Timedelta) -> str:
    return str(distance).removesuffix(" 00:00:00").replace("0 days ", "").replace("1 days", "1 day")
