"""Cycles beside the season: of the week and of the year."""

import pandas as pd

DAY = pd.Timedelta(days=1)


def longer_cycles(dates: pd.DatetimeIndex, season: int) -> list[str]:
    """Which of week and year are longer than a season of so many steps, have 14 steps or more, and occur in `dates` twice or more."""
    span = dates[-1] - dates[0]
    step = span / max(1, len(dates) - 1)
    lengths = {"week": 7 * DAY, "year": 365.25 * DAY}
    return [
        cycle
        for cycle, length in lengths.items()
        if length > 1.5 * season * step and length >= 14 * step and span >= 2 * length
    ]
