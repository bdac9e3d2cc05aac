from pathlib import Path

import pandas as pd
import pytest

from pipelines.errors import InputError
from pipelines.sources import fields, steps, tables


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
        ("date,value\n2020-01-01,1\n2020-01-02,1,2\n", r"line 3: has 3 fields, and the header has 2; give every"),
        ("date,Wert\n2020-01-01,1\n2020-01-02,ü\n".encode("latin-1"), r"line 3: is not UTF-8; save the file"),
        ("date value\n2020-01-01 1.5\n", r"line 1: separates its columns by spaces; export it with commas"),
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


def test_tables_read_refuses_a_file_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"notes\.txt: is not a \.parquet or \.csv file"):
        tables.read(write(tmp_path, "hello", "notes.txt"))


def hours(zone: str, start: str, count: int) -> str:
    """Hours in local time, with the offset that each has."""
    dates = pd.date_range(start, periods=count, freq="h", tz=zone)
    return "date,value\n" + "".join(f"{date.isoformat(sep=' ')},{row}\n" for row, date in enumerate(dates))


def test_tables_read_takes_days_with_two_offsets_as_the_days_of_their_exchange(tmp_path: Path) -> None:
    days = pd.bdate_range("2020-01-01", periods=200, tz="America/New_York")
    text = "date,value\n" + "".join(f"{day.isoformat(sep=' ')},{row}\n" for row, day in enumerate(days))
    assert "-05:00" in text
    assert "-04:00" in text
    assert tables.read(write(tmp_path, text)).index.equals(days.tz_localize(None).as_unit("us"))


def test_tables_read_takes_hours_with_two_offsets_as_utc(tmp_path: Path) -> None:
    table = tables.read(write(tmp_path, hours("Europe/Berlin", "2020-10-24", 100)))
    assert steps.frequency(pd.DatetimeIndex(table.index), "here") == "h"
    assert table.index[0] == pd.Timestamp("2020-10-23 22:00")


def test_tables_read_takes_hours_with_one_offset_as_local_times(tmp_path: Path) -> None:
    table = tables.read(write(tmp_path, hours("Europe/Berlin", "2020-11-24", 100)))
    assert table.index[0] == pd.Timestamp("2020-11-24 00:00")


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_tables_read_in_pieces_gives_the_same_table_and_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    path = write(tmp_path, "date,a,b\n" + "".join(f"2020-01-{day:02d},{day}.1,\n" for day in range(1, 31)))
    whole = tables.read(path)
    monkeypatch.setattr(fields, "PIECE", piece)
    pd.testing.assert_frame_equal(tables.read(path), whole, check_freq=False)
    bad = write(tmp_path, path.read_text().replace("2020-01-20,20.1", "2020-01-20,x"), "bad.csv")
    with pytest.raises(InputError, match="line 21: 'x' in the column 'a'"):
        tables.read(bad)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("date,value\n2020-01-01,1\n" + "1" * 200_000 + ",1\n", r"line 3: has more than 100,000 characters; shorten"),
        ("date,v," + "x," * 2_000, r"has 2,002 columns beside the dates, and at most 1,000 are read; keep those"),
        ("date," + "x" * 300 + "\n2020-01-01,1\n", r"column 2: its name, 'x+…, has control characters or is longer than 200"),
        ("date,value\n2020-01-01," + "9" * 5_000 + "\n", r"line 2: '9{99}… in the column 'value' is beyond 1e\+30"),
        ("date,value\n2020-01-01,1\n2020-01-02,-1e200\n", r"line 3: '-1e200' .* is beyond 1e\+30, the most that is read"),
        ("date,value\n-0044-03-15,1\n0001-01-01,2\n", r"line 2: '-0044-03-15' .* is not in the years 1 to 9999"),
        ("date,value\n0000-03-15,1\n", r"line 2: '0000-03-15' .* is not in the years 1 to 9999"),
    ],
    ids=["line", "columns", "heading", "digits", "value", "before Christ", "year 0"],
)  # fmt: skip
def test_tables_read_refuses_what_is_beyond_reason_without_printing_it(
    tmp_path: Path, content: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        tables.read(write(tmp_path, content))
    assert len(str(caught.value)) < 400


def test_tables_read_refuses_a_table_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "date,value\n2020-01-01,1\n2020-01-02,1\n")
    pd.read_csv(path).to_parquet(path.with_suffix(".parquet"))
    monkeypatch.setattr(fields, "MOST_VALUES", 3)
    for kind in (".csv", ".parquet"):
        with pytest.raises(InputError, match="has 2 rows of 2 columns, and at most 3 values are read"):
            tables.read(path.with_suffix(kind))
    monkeypatch.setattr(fields, "LARGEST", 10)
    with pytest.raises(InputError, match="has 0 MB, and at most 0 are read; split or shorten it"):
        tables.read(path)
