"""The week and the year, which are inputs beside a shorter season."""

import pandas as pd

LENGTHS = {"week": pd.Timedelta(days=7), "year": pd.Timedelta(days=365.25)}
LEAST = 14
"""Steps of a cycle."""


def longer_cycles(dates: pd.DatetimeIndex, season: int) -> list[str]:
    """Which of week and year are longer than a season of so many steps, have `LEAST` steps or more, and occur in `dates` twice or more."""
    span = dates[-1] - dates[0]
    step = span / max(1, len(dates) - 1)
    return [
        cycle
        for cycle, length in LENGTHS.items()
        if length > 1.5 * season * step and length >= LEAST * step and span >= 2 * length
    ]
