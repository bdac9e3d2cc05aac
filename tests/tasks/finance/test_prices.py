from pathlib import Path

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
