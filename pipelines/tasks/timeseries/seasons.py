"""What a step is called, and how many of them make a season."""

import pandas as pd

DAY = pd.Timedelta(days=1)
SEASONS = {
    "D": 7, "B": 5, "C": 5, "W": 52, "SMS": 24, "SME": 24, "MS": 12, "ME": 12, "BMS": 12, "BME": 12, "QS": 4, "QE": 4,
    "BQS": 4, "BQE": 4, "YS": 1, "YE": 1, "BYS": 1, "BYE": 1,
}  # fmt: skip
"""Steps in a season by pandas frequency: a week of days, a year of longer steps."""
STEP_NAMES = {
    "s": "second", "min": "minute", "h": "hour", "D": "day", "B": "business day", "W": "week", "MS": "month", "ME": "month",
    "BMS": "month", "BME": "month", "QS": "quarter", "QE": "quarter", "BQS": "quarter", "BQE": "quarter",
    "YS": "year", "YE": "year",
}  # fmt: skip


def season_of(frequency: str) -> int:
    """Steps in a season: in a day if several steps make one, in a week of days, else in a year; 1 if none fits."""
    offset = pd.tseries.frequencies.to_offset(frequency)
    name = offset.rule_code.split("-")[0]
    if isinstance(offset, pd.offsets.Tick):
        step = pd.Timedelta(offset)
        if step < DAY:
            return DAY // step if not DAY % step else 1
        return _whole(7, step // DAY) if not step % DAY else 1
    return _whole(SEASONS.get(name, 1), offset.n)


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


def step_name(frequency: str) -> str:
    """For texts that count steps."""
    offset = pd.tseries.frequencies.to_offset(frequency)
    return STEP_NAMES.get(offset.rule_code.split("-")[0], "step") if offset.n == 1 else "step"


def _whole(steps: int, several: int) -> int:
    return steps // several if not steps % several else 1
