from pathlib import Path

import pandas as pd
import pytest

from pipelines import params
from pipelines.errors import InputError
from pipelines.tasks.finance import prices
from pipelines.tasks.finance.params import Params
from tests.sources.test_tables import write

PARAMS = params.block("finance", Params)
HEADER = "Date,Open,High,Low,Close,Adj Close,Volume\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Date,Open,High,Low\n2020-01-02,1,2,1\n", r"has no column 'close'; a price file has open, high"),
        (HEADER + "2020-01-02,1,2,0.5,0,1,9\n", r"2020-01-02: close is 0\.0; prices are positive"),
        (HEADER + "2020-01-02,1,2,0.5,,1,9\n", r"2020-01-02: close is missing: leave the day out"),
        (HEADER + "2020-01-02,1,2,0.5,1,0,9\n", r"2020-01-02: adj close is 0\.0; prices are positive"),
        (HEADER + "2020-01-02,1,2,0.5,1,,9\n", r"2020-01-02: adj close is missing: leave the day out"),
        (
            HEADER + "2020-01-02,1,2,0.5,1e-300,1,9\n",
            r"2020-01-02: close is 1e-300; prices are positive, 1e-15 at least",
        ),
        (HEADER + "2020-01-02,1,1,2,1,1,9\n", r"2020-01-02: the high lies below the low"),
    ],
)
def test_prices_read_names_day_and_column_of_impossible_prices(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        prices.read(write(tmp_path, content), PARAMS.collect)


def test_prices_read_adjusts_all_prices_by_the_adjusted_close(tmp_path: Path) -> None:
    yahoo = prices.read(write(tmp_path, HEADER + "2020-01-02,10,12,8,10,5,9\n"), PARAMS.collect)
    assert yahoo.iloc[0].tolist() == [5, 6, 4, 5, 9]


def test_prices_read_accepts_a_file_without_adjusted_close(tmp_path: Path) -> None:
    stooq = prices.read(write(tmp_path, "Date,Open,High,Low,Close,Volume\n2020-01-02,10,12,8,10,9\n"), PARAMS.collect)
    assert stooq.iloc[0].tolist() == [10, 12, 8, 10, 9]


def test_symbol_of_a_blank_name_is_refused() -> None:
    with pytest.raises(InputError, match=r"^ \.csv: the symbol is blank; name the file"):
        prices.symbol(" ", " .csv")
    assert prices.symbol(" SP500 ", "x") == "sp500"


DAYS = pd.bdate_range("2020-01-01", periods=10)


def export(header: str, row: str, dates: list[str] | None = None) -> str:
    """A table of ten days whose columns after the date are the same in every row."""
    return header + "\n" + "".join(f"{date},{row}\n" for date in dates or DAYS.strftime("%Y-%m-%d"))


EXPORTS = {
    "Yahoo": export("Date,Open,High,Low,Close,Adj Close,Volume", "10,12,8,10,5,900"),
    "Alpha Vantage": export(
        "timestamp,1. open,2. high,3. low,4. close,5. adjusted close,6. volume", "10,12,8,10,5,900"
    ),
    "Tiingo": export("date,close,high,low,open,volume,adjClose,adjHigh,divCash", "10,12,8,10,900,5,6,0"),
    "another spelling": export("Date,Open,High,Low,Close,Adj. Close,Vol.", '10,12,8,10,5,"900"'),
    "underscores": export("timestamp,open,high,low,close,adjusted_close,volume", "10,12,8,10,5,900"),
    "MetaTrader": export(
        "<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<TICKVOL>", "5,6,4,5,900", list(DAYS.strftime("%Y.%m.%d"))
    ),
    "Nasdaq": export("Date,Close/Last,Volume,Open,High,Low", "$5,900,$5,$6,$4", list(DAYS.strftime("%m/%d/%Y"))[::-1]),
    "Stooq": export("Date,Open,High,Low,Close,Volume", "5,6,4,5,900"),
    "null rows": export("Date,Open,High,Low,Close,Volume", "5,6,4,5,900") + "2020-01-15,null,null,null,null,null\n",
}


@pytest.mark.parametrize("site", EXPORTS)
def test_prices_read_takes_the_exports_of_the_usual_sites(tmp_path: Path, site: str) -> None:
    table = prices.read(write(tmp_path, EXPORTS[site]), PARAMS.collect)
    assert len(table) == 10
    assert table.iloc[-1].tolist() == [5, 6, 4, 5, 900]
    assert table.index[0] == DAYS[0]


def test_prices_read_takes_candlesticks_of_binance_which_have_no_header(tmp_path: Path) -> None:
    day = 86_400_000
    rows = [f"{1577836800000 + row * day},5,6,4,5,900,{1577836799999 + (row + 1) * day},1,1,1,1,0" for row in range(9)]
    table = prices.read(write(tmp_path, "\n".join(rows)), PARAMS.collect)
    assert table.index[0] == pd.Timestamp("2020-01-01")
    assert table.iloc[0].tolist() == [5, 6, 4, 5, 900]


def test_prices_read_names_days_without_prices_that_it_leaves_out(tmp_path: Path) -> None:
    notes: list[str] = []
    prices.read(write(tmp_path, EXPORTS["null rows"]), PARAMS.collect, notes.append)
    assert any(note.endswith("without prices, left out: 2020-01-15") for note in notes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER + "2020-04-20,17,18,-40,-37.63,-37.63,9\n", r"2020-04-20: low is -40\.0; prices are positive"),
        (
            export(
                "Date,Open,High,Low,Close",
                "5,6,4,5",
                list(pd.date_range("2020", periods=9, freq="W").strftime("%Y-%m-%d")),
            ),
            r"has a row a week, and finance reads daily prices",
        ),
        (
            export(
                "Date,Open,High,Low,Close",
                "5,6,4,5",
                list(pd.date_range("2020", periods=9, freq="h").strftime("%Y-%m-%d %H:%M")),
            ),
            r"has several rows a day, and finance reads daily prices",
        ),
        (
            export(
                "Date,Open,High,Low,Close",
                "5,6,4,5",
                list(pd.date_range("2020", periods=9, freq="MS").strftime("%Y-%m-%d")),
            ),
            r"has a row a month, and finance reads daily prices",
        ),
        (
            export("Date,Open,High,Low,Close,close", "5,6,4,5,5"),
            r"the columns 'Close' and 'close' may both be the close",
        ),
    ],
)
def test_prices_read_refuses_what_are_no_daily_prices(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        prices.read(write(tmp_path, content), PARAMS.collect)
