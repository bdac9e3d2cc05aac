import pandas as pd
import pytest

from pipelines.tasks.timeseries.seasons import longer_cycles, season_of, step_name


@pytest.mark.parametrize(
    ("frequency", "season"),
    [("h", 24), ("30min", 48), ("15min", 96), ("7min", 1), ("2h", 12), ("D", 7), ("2D", 1), ("7D", 1), ("B", 5), ("W-SAT", 52),
     ("2W-SUN", 26), ("MS", 12), ("BME", 12), ("3MS", 4), ("QS-OCT", 4), ("BQE-DEC", 4), ("YS-JAN", 1), ("SMS-15", 24)],
)  # fmt: skip
def test_season_follows_the_step(frequency: str, season: int) -> None:
    assert season_of(frequency) == season


def test_step_has_the_name_of_its_frequency() -> None:
    assert [step_name(frequency) for frequency in ("W-SAT", "BQE-DEC", "30min", "2h")] == [
        "week", "quarter", "step", "step"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("frequency", "count", "cycles"),
    [("30min", 48 * 20, ["week"]), ("h", 24 * 800, ["week", "year"]), ("h", 24 * 10, []), ("D", 800, ["year"]), ("B", 600, ["year"]),
     ("W-SAT", 500, []), ("MS", 240, [])],
)  # fmt: skip
def test_week_and_year_are_cycles_beside_a_shorter_season(frequency: str, count: int, cycles: list[str]) -> None:
    dates = pd.date_range("2001-01-01", periods=count, freq=frequency)
    assert longer_cycles(dates, season_of(frequency)) == cycles
