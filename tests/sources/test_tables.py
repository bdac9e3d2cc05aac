from pathlib import Path

import pandas as pd
import pytest

from pipelines.errors import InputError
from pipelines.sources import files, tables
from pipelines.tasks.finance import prices


def write(folder: Path, text: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"data\.csv: is empty; give it a header"),
        ("date,value\n", r"data\.csv: has no rows"),
        ("date\n2020-01-01\n", r"data\.csv: has no numeric column beside 'date'"),
        ("date,value\n2020-01-01,1\n2020-01-02,x\n", r"line 3: 'x' in the column 'value' is not a number; correct it"),
        ("date,value\n2020-01-01,1\n2020-01-02,inf\n", r"line 3: 'inf' in the column 'value' is not a number"),
        ("date,value\n2020-01-01,1\n2020-01-01,2\n", r"line 3: 2020-01-01 occurs a second time"),
        ("date,value\n2020-01-03,1\n2020-01-01,2\n2020-01-02,3\n", r"line 3: 2020-01-01 comes after 2020-01-03; sort"),
        ("date,value\n2020-01-01,1\nsoon,2\n", r"line 3: 'soon' in the column 'date' is not a date"),
        ("date,value\n2020-01-01,1\n2020-01-02,1,2\n", r"data\.csv: is not a table \(Expected 2 fields in line 3"),
        ("date,Wert\n2020-01-01,1\n2020-01-02,ü\n".encode("latin-1"), r"line 3: is not UTF-8; save the file"),
        ("date;value\n2020-01-01;1,5\n", r"line 1: separates its columns by semicolons; export it with commas"),
        (b"\x00\x01\x02\x03PNG\xff\xfe", r"data\.csv"),
    ],
)
def test_tables_read_refuses_a_faulty_table_with_line_and_remedy(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        tables.read(write(tmp_path, content))


def test_tables_read_keeps_missing_values(tmp_path: Path) -> None:
    table = tables.read(write(tmp_path, "Month,b\n2020-01,\n2020-02,5\n2020-03,NaN\n"))
    assert table["b"].isna().tolist() == [True, False, True]


def test_tables_read_sorts_descending_dates(tmp_path: Path) -> None:
    table = tables.read(write(tmp_path, "Month,a\n2020-03,1\n2020-02,2\n2020-01,3\n"))
    assert table.index.is_monotonic_increasing
    assert table["a"].tolist() == [3, 2, 1]


def test_tables_read_takes_parquet_dates_from_index_or_column(tmp_path: Path) -> None:
    values = pd.DataFrame({"value": [1.0, 2.0]}, pd.DatetimeIndex(["2020-01-01", "2020-01-02"], name="date"))
    values.to_parquet(tmp_path / "index.parquet")
    values.reset_index().to_parquet(tmp_path / "column.parquet")
    for name in ("index", "column"):
        assert tables.read(tmp_path / f"{name}.parquet")["value"].tolist() == [1, 2]


def test_tables_read_refuses_an_unreadable_parquet_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a readable Parquet"):
        tables.read(write(tmp_path, "date,value", "broken.parquet"))


def test_frequency_is_found_although_rows_are_missing() -> None:
    dates = pd.date_range("2020-01-04", periods=60, freq="W-SAT").delete([20, 21])
    assert tables.frequency(dates, "here") == "W-SAT"


def test_frequency_refuses_uneven_steps() -> None:
    with pytest.raises(InputError, match="no even step"):
        tables.frequency(pd.DatetimeIndex(["2020-01-01", "2020-01-03", "2020-01-04", "2020-02-01"]), "here")


def readable(folder: Path, count: int) -> list[Path]:
    return [write(folder, "date,value\n2020-01-01,1\n", f"{index}.csv") for index in range(count)]


def test_read_all_names_the_unreadable_file_that_it_skips(tmp_path: Path) -> None:
    bad = write(tmp_path, "", "bad.csv")
    readings = files.read_all([*readable(tmp_path, 30), bad], tables.read, max_unreadable=0.05)
    assert len(readings.values) == 30
    assert "bad.csv: is empty" in readings.unreadable[0]


def test_read_all_refuses_too_many_unreadable_files(tmp_path: Path) -> None:
    bad = write(tmp_path, "", "bad.csv")
    with pytest.raises(
        InputError,
        match=r"bad\.csv: is empty.*; 1 of 3 files cannot be read, at most 5% may be \(collect\.max_unreadable\)",
    ):
        files.read_all([*readable(tmp_path, 2), bad], tables.read, max_unreadable=0.05)


def test_tables_read_refuses_a_file_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"notes\.txt: is not a \.parquet or \.csv file"):
        tables.read(write(tmp_path, "hello", "notes.txt"))


def test_read_all_of_a_single_file_gives_only_its_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"data\.csv: is empty; [^;]*$"):
        files.read_all([write(tmp_path, "")], tables.read, max_unreadable=0.05)


def test_input_files_ignores_dotfiles(tmp_path: Path) -> None:
    write(tmp_path, "", ".gitkeep")
    assert files.input_files(tmp_path) == []


HEADER = "Date,Open,High,Low,Close,Adj Close,Volume\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Date,Open,High,Low\n2020-01-02,1,2,1\n", r"has no column 'close'; a price file has open, high"),
        (HEADER + "2020-01-02,1,2,0.5,0,1,9\n", r"2020-01-02: close is 0\.0; prices are positive"),
        (HEADER + "2020-01-02,1,2,0.5,,1,9\n", r"2020-01-02: close is nan; prices are positive"),
        (HEADER + "2020-01-02,1,1,2,1,1,9\n", r"2020-01-02: the high lies below the low"),
    ],
)
def test_prices_read_names_day_and_column_of_impossible_prices(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        prices.read(write(tmp_path, content))


def test_prices_read_adjusts_all_prices_by_the_adjusted_close(tmp_path: Path) -> None:
    yahoo = prices.read(write(tmp_path, HEADER + "2020-01-02,10,12,8,10,5,9\n"))
    assert yahoo.iloc[0].tolist() == [5, 6, 4, 5, 9]


def test_prices_read_accepts_a_file_without_adjusted_close(tmp_path: Path) -> None:
    stooq = prices.read(write(tmp_path, "Date,Open,High,Low,Close,Volume\n2020-01-02,10,12,8,10,9\n"))
    assert stooq.iloc[0].tolist() == [10, 12, 8, 10, 9]
