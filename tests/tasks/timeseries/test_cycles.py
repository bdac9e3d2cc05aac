import pandas as pd
import pytest

from pipelines.sources import steps
from pipelines.tasks.timeseries.cycles import longer_cycles


@pytest.mark.parametrize(
    ("frequency", "count", "cycles"),
    [("30min", 48 * 20, ["week"]), ("h", 24 * 800, ["week", "year"]), ("h", 24 * 10, []), ("D", 800, ["year"]), ("B", 600, ["year"]),
     ("W-SAT", 500, []), ("MS", 240, [])],
)  # fmt: skip
def test_week_and_year_are_cycles_beside_a_shorter_season(frequency: str, count: int, cycles: list[str]) -> None:
    dates = pd.date_range("2001-01-01", periods=count, freq=frequency)
    assert longer_cycles(dates, steps.season(frequency)) == cycles
