"""How dates are written: each form is read as it is meant, or refused in a sentence that says why."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipelines.errors import InputError
from pipelines.sources import steps, tables
from tests.sources.test_tables import write

MONTHS = pd.date_range("2015-01-01", periods=60, freq="MS")
QUARTERS = pd.date_range("2001-01-01", periods=40, freq="QS")
DAYS = pd.date_range("2019-01-01", periods=400)
HOURS = pd.date_range("2019-01-01", periods=500, freq="h")
WEEKS = pd.date_range("2001-01-01", periods=140, freq="W-MON")


def table(dates: Iterable[Any], header: str = "date,v") -> str:
    return header + "\n" + "".join(f"{date},{row}.5\n" for row, date in enumerate(dates))


def iso(date: pd.Timestamp) -> str:
    return f"{date.isocalendar().year}-W{date.isocalendar().week:02d}"


READ = {
    "day first": (table(DAYS.strftime("%d/%m/%Y")), DAYS),
    "month first": (table(DAYS.strftime("%m/%d/%Y")), DAYS),
    "points": (table(DAYS[:12].strftime("%d.%m.%Y")), DAYS[:12]),
    "names of months": (table(DAYS.strftime("%d-%b-%Y")), DAYS),
    "English": (table(f'"{day:%B %d, %Y}"' for day in DAYS), DAYS),
    "days of May": (
        table(pd.date_range("2019-05-01", periods=20).strftime("%b %d %Y")),
        pd.date_range("2019-05-01", periods=20),
    ),
    "day, month and year together": (table(DAYS.strftime("%d%b%Y")), DAYS),
    "noon": (table(f"{date:%Y-%m}-15 12:00" for date in MONTHS), MONTHS + pd.Timedelta("14D12h")),
    "day and text of hour": (
        "date,hour,v\n" + "".join(f"{hour:%Y-%m-%d},{hour:%H:%M},1.5\n" for hour in HOURS),
        HOURS,
    ),
    "month and year": (table(MONTHS.strftime("%b-%Y")), MONTHS),
    "12 hours": (table(HOURS.strftime("%m/%d/%Y %I:%M:%S %p")), HOURS),
    "HTTP": (table(f'"{hour:%a, %d %b %Y %H:%M:%S} GMT"' for hour in HOURS), HOURS),
    "SQL": (table(HOURS.strftime("%Y-%m-%d %H:%M:%S.000")), HOURS),
    "digits": (table(DAYS.strftime("%Y%m%d")), DAYS),
    "digits with hours": (table(HOURS.strftime("%Y%m%d%H")), HOURS),
    "basic ISO": (table(HOURS.strftime("%Y%m%dT%H%M%SZ")), HOURS),
    "YYYYMM": (table(MONTHS.strftime("%Y%m")), MONTHS),
    "quarters": (table(f"{date.year}Q{date.quarter}" for date in QUARTERS), QUARTERS),
    "quarters before years": (table(f"Q{date.quarter} {date.year}" for date in QUARTERS), QUARTERS),
    "ISO weeks": (table(map(iso, WEEKS)), WEEKS),
    "years": (table(range(1900, 1980), "Year,v"), pd.date_range("1900", periods=80, freq="YS")),
    "decimal years": (table((f"{2015 + row / 12:.4f}" for row in range(60)), "year,v"), MONTHS),
    "mid-months": (table((f"{2015 + (row + 0.5) / 12:.3f}" for row in range(60)), "decimal date,v"), MONTHS),
    "seconds": (table((int(hour.timestamp()) for hour in HOURS), "timestamp,v"), HOURS),
    "milliseconds": (table((int(hour.timestamp() * 1000) for hour in HOURS), "open_time,v"), HOURS),
    "microseconds": (table((int(hour.timestamp() * 10**6) for hour in HOURS), "ts,v"), HOURS),
    "nanoseconds": (table((int(hour.timestamp()) * 10**9 for hour in HOURS), "ts,v"), HOURS),
    "seconds in another column": (
        "v,when\n" + "".join(f"{row % 9},{int(hour.timestamp())}\n" for row, hour in enumerate(HOURS)),
        HOURS,
    ),
    "year and quarter": (
        "year,quarter,v\n" + "".join(f"{date.year}.0,{date.quarter}.0,{date.month}.5\n" for date in QUARTERS),
        QUARTERS,
    ),
    "day of the year": ("YEAR,DOY,T\n" + "".join(f"{day.year},{day.day_of_year},{day.day}.5\n" for day in DAYS), DAYS),
    "year and name of month": ("Year,Month,v\n" + "".join(f"{date.year},{date:%b},1.5\n" for date in MONTHS), MONTHS),
    "four columns": (
        "No,year,month,day,hour,v\n"
        + "".join(f"1,{hour.year},{hour.month},{hour.day},{hour.hour},{hour.hour}.5\n" for hour in HOURS),
        HOURS,
    ),
    "day and hour": ("dteday,hr,v\n" + "".join(f"{hour:%Y-%m-%d},{hour.hour},{hour.day}.5\n" for hour in HOURS), HOURS),
    "day and time": (
        "Date;Time;v\n" + "".join(f"{hour.day}/{hour.month}/{hour.year};{hour:%H:%M:%S};1.25\n" for hour in HOURS),
        HOURS,
    ),
    "day and time with points": (
        "Date;Time;v\n" + "".join(f"{hour:%d/%m/%Y};{hour:%H.%M.%S};1,2\n" for hour in HOURS) + ";;\n;;\n",
        HOURS,
    ),
    "another column called month": (
        "date_time,users,month\n" + "".join(f"{hour},{hour.day},{hour.month}\n" for hour in HOURS),
        HOURS,
    ),
    "no-break spaces": (table(f"\u00a0{hour:%Y-%m-%d}\u202f{hour:%H:%M} " for hour in HOURS), HOURS),
    "seconds with and without fractions": (
        table(["2020-01-01 00:00:00.5", "2020-01-01 00:00:01", "2020-01-01 00:00:01.5"]),
        pd.date_range("2020-01-01 00:00:00.5", periods=3, freq="500ms"),
    ),
}
REFUSED = {
    "which is first": (
        table(DAYS[:12].strftime("%d/%m/%Y")),
        r"line 3: '02/01/2019' .* is 2 January 2019 if the day is first, and 1 February 2019 if the month is first",
    ),
    "century": (
        table(DAYS.strftime("%d/%m/%y")),
        r"line 2: '01/01/19' .* has a year of two digits, without its century",
    ),
    "months or years": (
        table(f"{year}/{(year + 1) % 100:02d}" for year in range(2001, 2011)),
        r"line 2: '2001/02' .* may be a month, or a year",
    ),
    "month alone": (table([1, 2, 3], "month,v"), r"the column 'month' has a month without a year"),
    "several numbered": (
        "date,store,v\n" + "".join(f"{day:%Y-%m-%d},{store},{day.day_of_year}\n" for store in (1, 2) for day in DAYS),
        r"line 402: 2019-01-01 occurs a second time, for the table has the rows of several 'store'",
    ),
    "no day": (
        table(HOURS.strftime("%H:%M"), "time,v"),
        r"line 2: '00:00' in the column 'time' is a time without a day",
    ),
    "hour 24": (
        table(["2019-01-01 22:00", "2019-01-01 23:00", "2019-01-01 24:00"]),
        r"line 4: '2019-01-01 24:00' .* has the hour 24; write it as 00:00",
    ),
    "hours from 1": (
        "date,hour,v\n" + "".join(f"{hour:%Y-%m-%d},{hour.hour + 1},1\n" for hour in HOURS),
        r"line 25: 24 in the column 'hour' is not an hour",
    ),
    "no such day": (
        table(["2019-02-27", "2019-02-28", "2019-02-29"]),
        r"line 4: '2019-02-29' in the column 'date' does not exist",
    ),
    "no such day in columns": (
        "year,month,day,v\n2019,2,28,1\n2019,2,29,2\n",
        r"line 3: there is no day year 2019, month 2, day 29",
    ),
    "Roman quarters": (
        table(["I/2001", "II/2001", "III/2001"]),
        r"line 2: 'I/2001' in the column 'date' is not a date",
    ),
    "Spanish": (table(["1 enero 2019", "2 enero 2019"]), r"line 2: '1 enero 2019' in the column 'date' is not a date"),
    "Excel": (table(range(43831, 43931), "Date,v"), r"the column 'Date' seems to have days as Excel counts them"),
    "MATLAB": (table(range(737791, 737891), "t,v"), r"the column 't' seems to have days as MATLAB counts them"),
    "two formats": (
        table([*DAYS[:20].strftime("%Y-%m-%d"), *DAYS[20:].strftime("%d/%m/%Y")]),
        r"line 22: '21/01/2019' .* is not a date written as the first \(YYYY-MM-DD\)",
    ),
    "one offset missing": (
        table(f"{hour}+00:00" if row != 9 else hour for row, hour in enumerate(HOURS)),
        r"line 11: '2019-01-01 09:00:00' .* has no offset from UTC, unlike",
    ),
    "name of a zone": (table(f"{hour} EST" for hour in HOURS), r"line 2: .* names a zone; write its offset from UTC"),
    "doubled hour": (
        table(pd.date_range("2019-10-26", periods=60, freq="h", tz="Europe/Berlin").strftime("%Y-%m-%d %H:%M")),
        r"line 29: 2019-10-27 02:00:00 occurs a second time, as where clocks are set back .* collect\.dates\.zone",
    ),
    "several entities": (
        "Entity,Year,v\n"
        + "".join(f"{name},{year},{year}\n" for name in ("World", "Chad") for year in range(1950, 1990)),
        r"line 42: 1950-01-01 occurs a second time, for the table has the rows of several 'Entity' \('World', 'Chad', …\)",
    ),
    "a column a month": (
        "Year,Jan,Feb,Mar,Apr,May,Jun,Jul\n1950,1,2,3,4,5,6,7\n1951,1,2,3,4,5,6,8\n",
        r"has a column for each month \(Jan, Feb, Mar, …\)",
    ),
    "a column a year": (
        "Country,2018,2019,2020\nChad,1,2,3\n",
        r"line 1: has a column for each date \(2018, 2019, 2020, …\)",
    ),
    "total": (table([*DAYS.strftime("%Y-%m-%d"), "Total"]), r"line 402: 'Total' in the column 'date' is not a date"),
    "no year": (
        table([*range(1900, 1950), "", *range(1951, 1980)], "year,v"),
        r"line 52: has no date in the column 'year'",
    ),
    "no date": (table([*DAYS.strftime("%Y-%m-%d"), ""]), r"line 402: has no date in the column 'date'"),
}


@pytest.mark.parametrize("form", READ)
def test_tables_read_takes_dates_as_they_are_meant(tmp_path: Path, form: str) -> None:
    text, dates = READ[form]
    read = tables.read(write(tmp_path, text))
    assert (pd.DatetimeIndex(read.index) == dates).all()
    assert "v" in read or "T" in read or "users" in read


@pytest.mark.parametrize("form", REFUSED)
def test_tables_read_refuses_dates_that_cannot_be_told(tmp_path: Path, form: str) -> None:
    text, message = REFUSED[form]
    with pytest.raises(InputError, match=message) as caught:
        tables.read(write(tmp_path, text))
    assert len(str(caught.value)) < 500


class Stated(tables.NothingStated):
    """What a user says."""


def test_tables_read_takes_the_order_of_day_and_month_from_the_parameter(tmp_path: Path) -> None:
    path = write(tmp_path, table(DAYS[:12].strftime("%d/%m/%Y")))
    assert (tables.read(path, Stated(day_first=True)).index == DAYS[:12]).all()
    assert tables.read(path, Stated(day_first=False)).index[1] == pd.Timestamp("2019-02-01")


@pytest.mark.parametrize("written", ["%d-%b-%Y", "%b %d %Y", "%Y-%m-%d"])
def test_tables_read_needs_no_order_where_the_form_tells_it(tmp_path: Path, written: str) -> None:
    path = write(tmp_path, table(DAYS.strftime(written)))
    for day_first in (True, False):
        assert (tables.read(path, Stated(day_first=day_first)).index == DAYS).all()


def test_tables_read_takes_a_stated_format(tmp_path: Path) -> None:
    path = write(tmp_path, table(DAYS.strftime("%d/%m/%y")))
    assert (tables.read(path, Stated(format="%d/%m/%y")).index == DAYS).all()
    with pytest.raises(InputError, match=r"line 2: '01/01/19' .* is not a date in the stated format \(%Y\)"):
        tables.read(path, Stated(format="%Y"))


def test_tables_read_takes_local_times_of_a_stated_zone_as_utc(tmp_path: Path) -> None:
    local = pd.date_range("2019-10-26", periods=100, freq="h", tz="Europe/Berlin")
    path = write(tmp_path, table(local.strftime("%Y-%m-%d %H:%M")))
    notes: list[str] = []
    read = tables.read(path, Stated(zone="Europe/Berlin"), on_note=notes.append)
    assert (read.index == local.tz_convert(None)).all()
    assert any("Europe/Berlin, as stated, and read in UTC" in note for note in notes)


def test_tables_read_says_which_clock_and_order_it_has_read(tmp_path: Path) -> None:
    notes: list[str] = []
    tables.read(write(tmp_path, table(DAYS.strftime("%d/%m/%Y"))), on_note=notes.append)
    assert any("'date' are read day first (DD/MM/YYYY)" in note for note in notes)
    zoned = pd.date_range("2020-10-24", periods=100, freq="h", tz="Europe/Berlin")
    tables.read(write(tmp_path, table(map(str, zoned))), on_note=notes.append)
    assert any("read in UTC, for their offset from it changes" in note for note in notes)


def test_tables_read_takes_the_index_of_a_parquet_file_for_its_dates(tmp_path: Path) -> None:
    days = pd.Index([str(day.date()) for day in DAYS], name="date")
    pd.DataFrame({"units": range(400), "price": 1.5}, index=days).to_parquet(tmp_path / "x.parquet")
    read = tables.read(tmp_path / "x.parquet")
    assert list(read) == ["units", "price"]
    assert (read.index == DAYS).all()


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_tables_read_takes_zones_of_a_parquet_file_without_losing_an_hour(tmp_path: Path, zone: str) -> None:
    hours = pd.date_range("2020-10-24", periods=100, freq="h", tz=zone)
    pd.DataFrame({"v": range(100)}, index=hours.rename("time")).to_parquet(tmp_path / "x.parquet")
    read = tables.read(tmp_path / "x.parquet")
    assert steps.frequency(pd.DatetimeIndex(read.index), "x") == "h"
    assert read.index[0] == (hours[0].tz_convert("UTC") if zone != "UTC" else hours[0]).tz_localize(None)
