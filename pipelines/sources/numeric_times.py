"""Times that are written as numbers: digits without a mark, time since 1970, years with fractions."""

from typing import Any

import numpy as np
import pandas as pd

from pipelines.printing import quoted
from pipelines.sources.clocks import Times
from pipelines.sources.date_formats import spoken

EPOCHS = {"s": (1e8, 4.2e9), "ms": (1e11, 4.2e12), "us": (1e14, 4.2e15), "ns": (1e17, 4.2e18)}
"""Units in which time since 1970 is counted, and the numbers that are times from 1973 to 2103."""
UNITS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
COMPACT = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
"""Digits without a mark between them."""
YEARS = (1500, 2200)


def read(values: "pd.Series[float]", name: str) -> Times | None:
    """Times that are numbers: `YYYYMMDD` and the like, time since 1970, years, years with fractions; None if they are none of these.

    Day numbers of spreadsheets, whose first day differs, are none: `spreadsheet_days`.
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
