"""Tables of series and of prices: dates, numbers, delimiters and encodings as people write them, and as nobody does."""

from pathlib import Path
from typing import Any, cast

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipelines import names
from pipelines.sources import tables
from pipelines.tasks.finance import prices
from pipelines.tasks.finance.data import indicators
from pipelines.tasks.timeseries.data import even_steps, phases_of
from tests.fuzz.bounds import success_or_sentence
from tests.tasks.finance.test_prices import PARAMS

MOMENTS = st.datetimes(min_value=pd.Timestamp("1700-01-01").to_pydatetime())
DATES = st.one_of(
    MOMENTS.map(str),
    st.builds(lambda date, form: date.strftime(form), MOMENTS, st.sampled_from(["%Y-%m", "%d/%m/%Y", "%b %d, %Y", "%Y%m%d", "%H:%M"])),
    st.builds(lambda date, zone: f"{date}{zone}", MOMENTS, st.sampled_from(["Z", "+00:00", "-05:00", "+0530", " UTC", " EST", "+99:99"])),
    st.sampled_from(["", "NaN", "null", "-0044-03-15", "0000-00-00", "9999-12-31", "99999-01-01", "2020-13-45", "2020W05", "9" * 5000]),
    st.text(max_size=12),
)  # fmt: skip
NUMBERS = st.one_of(
    st.floats().map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(
        [
            "",
            "NA",
            "1,5",
            "1_000",
            "0x10",
            "1e400",
            "-1e200",
            "5e-324",
            "True",
            "٣",
            "½",
            "1" * 5000,
            "=1+1",
            '"',
            "\x00",
        ]
    ),
    st.text(max_size=6),
)
LEVELS = {"High": 110, "Low": 90}
ZONES = st.sampled_from(["", "Z", "-05:00", "+14:00"])


@st.composite
def regular(draw: st.DrawFn, columns: tuple[str, ...]) -> list[list[str]]:
    """A header and rows at even steps, a few of whose fields are spoilt."""
    start, step = draw(MOMENTS), draw(st.sampled_from(["s", "37min", "h", "D", "B", "W", "MS", "QE", "YS", "YE"]))
    count = draw(st.integers(1, 120))
    try:
        dates = pd.date_range(start, periods=count, freq=step)
    except (pd.errors.OutOfBoundsDatetime, OverflowError, ValueError):
        dates = pd.date_range("2020-01-01", periods=count, freq=step)
    zones = draw(st.one_of(st.just([""]), st.lists(ZONES, min_size=1, max_size=2)))
    rows = [[*columns]]
    for row, date in enumerate(dates):
        rows.append(
            [f"{date}{zones[row % len(zones)]}", *(str(LEVELS.get(name, 100) + row % 7) for name in columns[1:])]
        )
    for _ in range(draw(st.sampled_from([0, 1, 1, 3]))):
        spoilt = rows[draw(st.integers(0, len(rows) - 1))]
        column = draw(st.integers(0, len(spoilt) - 1))
        spoilt[column] = draw(DATES if column == 0 else NUMBERS)
    drop = draw(st.sets(st.integers(1, len(rows)), max_size=5))
    return [row for number, row in enumerate(rows) if number not in drop]


def csv(rows: list[list[str]], delimiter: str, end: str, encoding: str) -> bytes:
    return end.join(delimiter.join(row) for row in rows).encode(encoding, errors="replace")


LAYOUT: dict[str, Any] = {
    "delimiter": st.sampled_from([","] * 20 + [", ", ";", "\t", "|"]),
    "end": st.sampled_from(["\n"] * 5 + ["\r\n", "\r", "\n\n"]),
    "encoding": st.sampled_from(["utf-8"] * 20 + ["utf-8-sig", "latin-1", "utf-16", "cp1254"]),
}
RANDOM = st.lists(st.tuples(DATES, NUMBERS, NUMBERS).map(list), max_size=30)


def forecastable(path: Path) -> None:
    """What `collect`, `prepare` and `predict` do with the steps of each column."""
    table = tables.read(path)
    assert table.index.is_monotonic_increasing
    for column in table.columns:
        even, step = even_steps(table[column], str(column))
        dates = pd.DatetimeIndex(even.index)
        phases_of(dates, False, "1700-01-01", step, 7)
        names.slug(str(column)).encode()


@given(rows=regular(("date", "a", "b")) | RANDOM, **LAYOUT)
def test_any_table_of_series_is_read_or_refused_in_a_sentence(
    tmp_path: Path, rows: list[list[str]], delimiter: str, end: str, encoding: str
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(csv(rows, delimiter, end, encoding))
    success_or_sentence(lambda: forecastable(path))


@given(rows=regular(("Date", "Open", "High", "Low", "Close", "Adj Close", "Volume")), **LAYOUT)
def test_any_table_of_prices_is_read_or_refused_in_a_sentence(
    tmp_path: Path, rows: list[list[str]], delimiter: str, end: str, encoding: str
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(csv(rows, delimiter, end, encoding))
    success_or_sentence(lambda: indicators(prices.read(path, PARAMS.collect), 5))


@given(content=st.binary(max_size=400))
def test_any_bytes_called_a_table_are_refused_or_read(tmp_path: Path, content: bytes) -> None:
    for name in ("x.csv", "x.parquet"):
        (tmp_path / name).write_bytes(content)
        success_or_sentence(lambda path=tmp_path / name: forecastable(path))  # type: ignore[misc]


COLUMNS = st.sampled_from(
    [
        "int8",
        "uint64",
        "float16",
        "float32",
        "bool",
        "str",
        "datetime64[ns]",
        "datetime64[s]",
        "object",
        "category",
        "Int64",
    ]
)


@given(kinds=st.lists(COLUMNS, min_size=1, max_size=4), index=st.booleans(), rows=st.integers(0, 40))
def test_any_parquet_table_is_read_or_refused_in_a_sentence(
    tmp_path: Path, kinds: list[str], index: bool, rows: int
) -> None:
    table = pd.DataFrame(
        {f"c{number}": pd.Series(range(rows)).astype(cast(Any, kind)) for number, kind in enumerate(kinds)}
    )
    if index:
        table.index = pd.date_range("2020-01-01", periods=rows, tz="Europe/Berlin")
    table.to_parquet(tmp_path / "x.parquet")
    success_or_sentence(lambda: forecastable(tmp_path / "x.parquet"))
