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
