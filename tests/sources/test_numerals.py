"""How numbers are written, and what stands around them: read as they are meant, or refused; what is left out is named."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.errors import InputError
from pipelines.sources import tables
from tests.sources.test_tables import write

DAYS = pd.date_range("2019-01-01", periods=40).strftime("%Y-%m-%d")


def column(*values: str, delimiter: str = ",", first: int = 0) -> str:
    """A table whose first values are these."""
    rest = [f"{row}" for row in range(len(values), 40)]
    rows = (delimiter.join(pair) for pair in zip(DAYS[first:], [*values, *rest], strict=False))
    return f"date{delimiter}v\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (column('"1,234,567"'), 1234567),
        (column('"1,234.5"'), 1234.5),
        (column("1.234,5", delimiter=";"), 1234.5),
        (column("1.234.567", delimiter=";"), 1234567),
        (column("1,5", delimiter=";"), 1.5),
        (column("1\u202f234,5", delimiter=";"), 1234.5),
        (column("1 234.5"), 1234.5),
        (column("1'234.5"), 1234.5),
        (column("\u22123.5"), -3.5),
        (column("\u00a03.5\u00a0"), 3.5),
        (column(".5e3"), 500),
        (column(*(f'"{row},234"' for row in range(1, 25))), 1234),
        ("date,v\n" + "".join(f"{day},{row} kWh\n" for row, day in enumerate(DAYS)), 0),
        ("date,v\n" + "".join(f"{day},-$3.5\n" for day in DAYS), -3.5),
        ("date\tv\n" + "".join(f"{day}\t1.25\n" for day in DAYS), 1.25),
        ("date|v\n" + "".join(f"{day}|1.25\n" for day in DAYS), 1.25),
    ],
)
def test_tables_read_takes_numbers_as_they_are_meant(tmp_path: Path, content: str, value: float) -> None:
    assert tables.read(write(tmp_path, content))["v"].iloc[0] == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "NA", "null", "NaN", "-", ".", "..", "?", "#N/A", "\\N"])
def test_tables_read_takes_the_usual_marks_for_a_missing_value(tmp_path: Path, text: str) -> None:
    assert tables.read(write(tmp_path, column("1.5", text)))["v"].isna().tolist()[:3] == [False, True, False]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (column(*['"1,234"'] * 40), r"the comma in '1,234' in the column 'v' may be decimal or group thousands"),
        (
            column("1,234", *["2"] * 5, delimiter=";"),
            r"the comma in '1,234' .* state the decimal mark as collect\.decimal",
        ),
        (
            "date;v\n" + "".join(f"{day};1.234\n" for day in DAYS),
            r"the point in '1\.234' in the column 'v' may be decimal or group",
        ),
        (
            "date;v;w\n2020-01-01;1,5;2.5\n2020-01-02;1,5;2.5\n",
            r"has decimal commas \('1,5' in the column 'v'\) and decimal points \('2\.5' in",
        ),
        (column("(1.5)"), r"line 2: '\(1\.5\)' .* with a minus sign, not in brackets"),
        (column("1 K", "2 kWh"), r"line 2: '1 K' .* has a unit \(K\) that other values lack"),
        (column("inf"), r"line 2: 'inf' in the column 'v' is not a number"),
        (column("0x1F"), r"line 2: '0x1F' in the column 'v' is not a number"),
        (column("1_000"), r"line 2: '1_000' in the column 'v' is not a number"),
    ],
)
def test_tables_read_refuses_numbers_that_cannot_be_told(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        tables.read(write(tmp_path, content))


def test_tables_read_takes_the_decimal_mark_from_the_parameter(tmp_path: Path) -> None:
    path = write(tmp_path, "date;v\n" + "".join(f"{day};1.234\n" for day in DAYS))
    assert tables.read(path, decimal=".")["v"].iloc[0] == 1.234
    assert tables.read(path, decimal=",")["v"].iloc[0] == 1234


@pytest.mark.parametrize("header", ["sep=,\ndate,v\n", "# date,v\n"])
def test_tables_read_takes_headers_as_programs_write_them(tmp_path: Path, header: str) -> None:
    rows = "".join(f"{day},{row}.5\n" for row, day in enumerate(DAYS))
    assert list(tables.read(write(tmp_path, header + rows))) == ["v"]


def test_tables_read_does_not_take_a_minus_sign_for_a_unit(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'v' has texts"):
        tables.read(write(tmp_path, "date,v\n" + "".join(f"{day},1.5-\n" for day in DAYS)))


def test_tables_read_takes_thousands_and_millions_of_one_column_for_what_they_are(tmp_path: Path) -> None:
    notes: list[str] = []
    text = "date,v\n" + "".join(f"{day},{'1.5K' if row % 2 else '2.5M'}\n" for row, day in enumerate(DAYS))
    assert tables.read(write(tmp_path, text), on_note=notes.append)["v"].tolist()[:2] == [2_500_000, 1500]
    assert "K, M or B, which are thousands" in notes[0]


def test_tables_read_names_the_columns_of_texts_that_it_leaves_out(tmp_path: Path) -> None:
    notes: list[str] = []
    text = "date,v,wind,open\n" + "".join(f"{day},{row}.5,NW,True\n" for row, day in enumerate(DAYS))
    assert list(tables.read(write(tmp_path, text), on_note=notes.append)) == ["v"]
    assert [note.partition(": ")[2] for note in notes] == [
        "the column 'wind' has texts ('NW', …), and is left out",
        "the column 'open' has texts ('True', …), and is left out",
    ]


SURROUNDINGS = {
    "remarks": ("# version 1, of 2020\n# station,3\ndate,v\n{}", "lines 1 to 2: above the header, left out"),
    "preamble": ("Category: All categories\n\ndate,v\n{}", "line 1: above the header, left out"),
    "units": ("date,v\n,mm\n{}", "line 2: 'mm' below the header, left out"),
    "footer": (
        "date,v\n{}\nSource: the ministry, 2020\n",
        "line 43: 'Source: the ministry, 2020' below the data, left out",
    ),
    "repeated header": ("date,v\n{0}date,v\n", "the header is repeated 1 time; left out"),
}


@pytest.mark.parametrize("kind", SURROUNDINGS)
def test_tables_read_leaves_out_what_stands_around_the_data_and_says_so(tmp_path: Path, kind: str) -> None:
    form, note = SURROUNDINGS[kind]
    rows = "".join(f"{day},{row}.5\n" for row, day in enumerate(DAYS))
    notes: list[str] = []
    assert len(tables.read(write(tmp_path, form.format(rows)), on_note=notes.append)) == 40
    assert [found.partition("data.csv")[2].lstrip(",: ") for found in notes] == [note]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1990-01-01,5\n1990-02-01,6\n", r"line 1: is no header, for '1990-01-01' and '5' are values; write the names"),
        ("Date,Year,v\n1990-01,1990,5,0.1\n1990-02,1990,5,0.1\n", r"line 2: has 4 fields, and the header has 3"),
        ("date,v\n\n\n2020-01-01,1\n\n2020-01-02,x\n2020-01-03,2\n", r"line 6: 'x' in the column 'v' is not a number"),
        ("date,v\n2020-01-01,1\nSource: x\n2020-01-02,2\n", r"line 3: has 1 field, and the header has 2"),
        ("date,a,a\n2020-01-01,1,2\n", r"line 1: two columns are called 'a'; give one of them another name"),
        ("<!DOCTYPE html><html>", r"is a page of HTML, not a table"),
        ('[{"date": "2020-01-01", "v": 1}]', r"is JSON, not a table"),
        ("date,v\n2020-01-01,1\n".encode("utf-16"), r"is in UTF-16, not a table of text in UTF-8"),
        (b"PK\x03\x04rest", r"is an Excel or zip file, not a table"),
    ],
)
def test_tables_read_refuses_what_is_no_table_and_names_the_line_as_an_editor_counts(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        tables.read(write(tmp_path, content))
