import tracemalloc

import numpy as np
import pandas as pd
import pytest

from pipelines.errors import InputError
from pipelines.sources import steps


def test_frequency_is_found_although_rows_are_missing() -> None:
    dates = pd.date_range("2020-01-04", periods=60, freq="W-SAT").delete([20, 21])
    assert steps.frequency(dates, "here") == "W-SAT"


def test_frequency_refuses_uneven_steps() -> None:
    with pytest.raises(InputError, match="no even step"):
        steps.frequency(pd.DatetimeIndex(["2020-01-01", "2020-01-03", "2020-01-04", "2020-02-01"]), "here")


@pytest.mark.parametrize("freq", ["s", "min", "h"])
def test_frequency_names_a_mistyped_year_instead_of_filling_the_years(freq: str) -> None:
    dates = pd.date_range("2021-01-01", periods=500, freq=freq).to_series()
    dates.iloc[-1] = pd.Timestamp("2201-01-01 00:10:00")
    with pytest.raises(
        InputError, match=r"500 rows are too few for [\d,]+ steps .*2201-01-01 00:10:00, which follows 2021"
    ):
        steps.frequency(pd.DatetimeIndex(dates), "here")


def test_frequency_of_fine_steps_takes_no_memory_for_the_missing_ones() -> None:
    """A day of milliseconds, most of them missing: the grid is never made."""
    dates = pd.date_range("2021-01-01", periods=40_000, freq="ms").union(
        pd.date_range("2021-01-01 00:05", periods=40, freq="ms")
    )
    tracemalloc.start()
    assert steps.frequency(dates, "here") == "ms"
    assert tracemalloc.get_traced_memory()[1] < 50 * dates.nbytes
    tracemalloc.stop()


def test_frequency_looks_at_few_stretches_however_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(7)
    uneven = pd.DatetimeIndex(pd.Timestamp("2020") + pd.to_timedelta(np.cumsum(random.integers(1, 9, 50_000)), "min"))
    looks = []
    monkeypatch.setattr(steps, "_inferred", lambda index: looks.append(len(index)))
    with pytest.raises(InputError, match="no even step"):
        steps.frequency(uneven, "here")
    assert 800 <= len(looks) <= 1_001


@pytest.mark.parametrize("step", ["s", "h", "D", "B", "W-SUN", "MS", "QE-DEC", "YS-JAN"])
def test_steps_between_two_dates_are_those_of_a_range(step: str) -> None:
    dates = pd.date_range("2020-01-05", periods=50, freq=step)
    assert steps.steps_between(dates[0], dates[-1], step) == 49
    assert steps.steps_between(dates[0], dates[-1] + pd.Timedelta("1ms"), step) == 49


@pytest.mark.parametrize(
    ("frequency", "season"),
    [("h", 24), ("30min", 48), ("15min", 96), ("7min", 1), ("2h", 12), ("D", 7), ("2D", 1), ("7D", 52), ("B", 5), ("W-SAT", 52),
     ("2W-SUN", 26), ("MS", 12), ("BME", 12), ("3MS", 4), ("QS-OCT", 4), ("BQE-DEC", 4),
     ("YS-JAN", 1), ("SMS-15", 24), ("MS-15", 12), ("3MS-15", 4), ("4W-WED", 13)],
)  # fmt: skip
def test_season_follows_the_step(frequency: str, season: int) -> None:
    assert steps.season(frequency) == season


def test_step_has_the_name_of_its_frequency() -> None:
    assert [steps.name(frequency) for frequency in ("W-SAT", "BQE-DEC", "30min", "2h")] == [
        "week", "quarter", "30-minute step", "2-hour step"
    ]  # fmt: skip


def test_seasons_are_those_of_the_day_the_week_and_the_year() -> None:
    assert steps.seasons("30min") == [48, 336]
    assert steps.seasons("D") == [7, 365]
    assert steps.seasons("MS") == [12]


@pytest.mark.parametrize(
    "dates",
    [
        pd.date_range("2015-01-15", periods=60, freq=pd.DateOffset(months=1)),
        pd.date_range("2015-01-15", periods=40, freq=pd.DateOffset(months=3)),
        pd.date_range("2015-01-01", periods=60, freq="SMS-15"),
        pd.date_range("2015-01-01", periods=60, freq="SME-15"),
        pd.date_range("2015-01-01", periods=60, freq="BME"),
        pd.date_range("2015-01-01", periods=400, freq="10min").delete([7, 50, 51]),
        pd.date_range("2015-01-01", periods=300, freq="B").delete([7, 17, 27, 37, 50, 51, 60, 70, 80, 90, 100, 110]),
        pd.date_range("2015-01-01", periods=60, freq="MS").delete([9, 20, 31]),
    ],
    ids=[
        "the 15th",
        "the 15th of a quarter",
        "twice a month",
        "the 15th and the end",
        "business month ends",
        "gaps",
        "holidays",
        "months",
    ],
)
def test_frequency_finds_any_even_step(dates: pd.DatetimeIndex) -> None:
    step = steps.frequency(dates, "here")
    grid = pd.date_range(dates[0], dates[-1], freq=steps.offset(step))
    assert dates.isin(grid).all()
    assert len(grid) - len(dates) < 13


def test_frequency_says_where_steps_are_uneven() -> None:
    dates = pd.DatetimeIndex(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04 07:00", "2020-01-05 02:00"])
    with pytest.raises(
        InputError, match=r"distance is 1 day, but from 2020-01-03 00:00:00 to 2020-01-04 07:00:00 it is 1 day"
    ):
        steps.frequency(dates, "here")
