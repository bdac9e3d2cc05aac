"""Tables as people export them: dates, numbers and separators of any usual kind are read as they were meant, or refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources import steps, tables
from tests.fuzz.bounds import success_or_sentence

DAYS = ["D", "B", "W-SUN", "W-FRI", "2D", "7D"]
MONTHS = ["MS", "2MS", "QS", "YS"]
TIMES = ["h", "30min", "15min", "10min", "min", "3h", "12h"]
FORMATS: dict[str, list[str]] = {
    "%Y-%m-%d": [*DAYS, *MONTHS, "ME", "QE-OCT", "BME"],
    "%Y/%m/%d": DAYS,
    "%d.%m.%Y": [*DAYS, "ME"],
    "%d/%m/%Y": [*DAYS, *MONTHS],
    "%m/%d/%Y": [*DAYS, *MONTHS],
    "%d-%m-%Y": DAYS,
    "%d-%b-%Y": DAYS,
    "%b %d %Y": DAYS,
    "%d %B %Y": DAYS,
    "%A, %d %b %Y": ["D"],
    "%Y%m%d": DAYS,
    "%Y%m%d%H": ["h", "3h"],
    "%Y%m%dT%H%M%SZ": TIMES,
    "%Y-%m": MONTHS,
    "%m/%Y": MONTHS,
    "%b-%Y": MONTHS,
    "%B %Y": MONTHS,
    "%Y%m": MONTHS,
    "%Y": ["YS"],
    "%G-W%V": ["W-MON"],
    "%Y-%m-%d %H:%M": TIMES,
    "%Y-%m-%d %H:%M:%S": TIMES,
    "%Y-%m-%dT%H:%M:%SZ": TIMES,
    "%Y-%m-%dT%H:%M:%S+05:30": TIMES,
    "%d.%m.%Y %H:%M": TIMES,
    "%d/%m/%Y %H:%M": TIMES,
    "%m/%d/%Y %I:%M %p": TIMES,
    "%m/%d/%Y %I:%M:%S %p": TIMES,
    "%a, %d %b %Y %H:%M:%S GMT": TIMES,
    "%d/%b/%Y:%H:%M:%S +0000": TIMES,
    "%s": ["h", "D", "10min"],
    "%s000": ["h", "D"],
    "%s000000": ["h"],
    "%s000000000": ["D"],
    "%d/%m/%y": DAYS,
    "%H:%M": ["h"],
}
"""As `strftime` writes dates (`%s`: seconds since 1970), and the steps that they can tell apart."""
NAMES = ["date", "Date", "time", "timestamp", "ds", "Datum", "month", "when", "Year", ""]


def written(dates: pd.DatetimeIndex, form: str) -> list[str]:
    if "%s" in form:
        return [form.replace("%s", str(int(date.timestamp()))) for date in dates]
    return [date.strftime(form) for date in dates]


def quoted(text: str, delimiter: str) -> str:
    return f'"{text}"' if delimiter in text else text


@st.composite
def exported(draw: st.DrawFn) -> tuple[str, pd.DatetimeIndex, Any]:
    """A table, its dates and its values."""
    form = draw(st.sampled_from(sorted(FORMATS)))
    step = draw(st.sampled_from(FORMATS[form]))
    start = draw(st.datetimes(pd.Timestamp("1975-01-01").to_pydatetime(), pd.Timestamp("2029-12-31").to_pydatetime()))
    dates = pd.date_range(pd.Timestamp(start).normalize(), periods=draw(st.integers(3, 90)), freq=step)
    missing = draw(st.sets(st.integers(1, 88), max_size=3))
    dates = dates[[row for row in range(len(dates)) if row not in missing or row == len(dates) - 1]]
    delimiter, decimal, thousands = draw(
        st.sampled_from(
            [
                (",", ".", ""),
                (",", ".", ""),
                (";", ",", ""),
                (";", ",", "."),
                ("\t", ".", ""),
                (",", ".", ","),
                (";", ",", " "),
            ]
        )
    )
    digits, scale = draw(st.integers(0, 4)), draw(st.sampled_from([1, 1000, 1_000_000]))
    values = np.round(np.random.default_rng(draw(st.integers(0, 9))).normal(5, 3, len(dates)) * scale, digits)
    numbers = [
        f"{value:,.{digits}f}".replace(",", "t").replace(".", decimal).replace("t", thousands) for value in values
    ]
    name, place = draw(st.sampled_from(NAMES)), draw(st.booleans())
    rows: list[tuple[str, ...]] = [(name, "value"), *zip(written(dates, form), numbers, strict=True)]
    rows = rows if place else [row[::-1] for row in rows]
    if draw(st.booleans()):
        rows = [("station", *rows[0]), *(("NW", *row) for row in rows[1:])]
    if draw(st.booleans()):
        rows = [rows[0], *rows[:0:-1]]
    text = "\n".join(delimiter.join(quoted(field, delimiter) for field in row) for row in rows)
    return text, dates, values


@given(table=exported())
def test_any_usual_table_is_read_as_it_was_meant_or_refused(
    tmp_path: Path, table: tuple[str, pd.DatetimeIndex, Any]
) -> None:
    text, dates, values = table
    path = tmp_path / "x.csv"
    path.write_text(text)
    read = success_or_sentence(lambda: tables.read(path))
    if read is not None:
        assert (pd.DatetimeIndex(read.index) == dates).all(), text[:300]
        np.testing.assert_allclose(read.iloc[:, 0], values, rtol=1e-9, atol=1e-9, err_msg=text[:300])


@given(
    step=st.sampled_from(
        [*DAYS, *MONTHS, *TIMES, "ME", "BME", "SMS-15", "SME-15", "QE-OCT", "QE-JAN", "BQE", "YE-MAR", "s", "W-WED"]
    ),
    count=st.integers(12, 200),
    missing=st.sets(st.integers(1, 190), max_size=3),
    shift=st.sampled_from([0, 0, 14]),
)
def test_any_even_step_is_found_with_its_gaps(step: str, count: int, missing: set[int], shift: int) -> None:
    dates = pd.date_range("2003-02-01", periods=count, freq=step)
    if shift and step in MONTHS:
        dates = dates + pd.Timedelta(days=shift)
    kept = dates[[row for row in range(count) if row not in missing or row in (0, count - 1)]]
    found = success_or_sentence(lambda: steps.frequency(kept, "x"))
    assert found is not None or count < 24
    if found is not None:
        grid = pd.date_range(kept[0], kept[-1], freq=steps.offset(found))
        assert kept.isin(grid).all()
        assert len(grid) == count or count < 24
        assert all(2 <= season <= steps.LONGEST_SEASON for season in steps.seasons(found))
