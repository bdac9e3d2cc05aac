"""The fields of a `.csv` file: which mark separates them, which line is the header, and which lines are not data.

What is decided is decided from many lines, and what cannot be told is refused: no field moves into another column.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines import names
from pipelines.errors import InputError
from pipelines.printing import quoted, shortened
from pipelines.sources import date_formats, files

LARGEST = 1_000_000_000
"""Bytes of a file."""
MOST_COLUMNS = 1_000
"""Beside the dates."""
MOST_VALUES = 20_000_000
"""Rows times columns: 160 MB of numbers, and some gigabytes of windows and targets that are made from them."""
LONGEST_LINE = 100_000
"""Characters of a line."""
LONGEST_HEADING = 200
"""Characters of a column's name."""
PIECE = 500_000
"""Values that are read at a time."""
SAMPLE = 300
"""Lines that decide on the mark between fields, and how many there are."""
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
VALUE = re.compile(
    r"|\(?[-+−$€£]?\s?[.,]?[0-9].*|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun|q[1-4]).*[0-9].*",
    re.IGNORECASE,
)
"""What a field of data may be, and a name or a remark seldom is: it begins with a digit, a month or a day of the week, or is blank."""
REMARK = re.compile(r"(?:sources?|notes?|updated|last update[d]?|copyright|©|\*) *:|[*©#] ?[a-z]", re.IGNORECASE)
"""How a line of remarks begins that may have numbers in it."""
SEPARATOR = re.compile(r"sep=.?")
"""A first line for Excel."""
DATE = re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}\b.*|[0-9]{4}-[0-9]{2}")
NUMBER = re.compile(r"[-+]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?")
YEAR = re.compile(r"(?:1[5-9]|20|21)[0-9]{2}")
MISSING = frozenset(
    [
        *("", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "<na>", "(null)", "\\n", "missing"),
        *("-", "--", "---", "–", "—", ".", "..", "...", "?", "*", ":"),
    ]
)
"""How files write a missing value, in lower case."""
Headless = Callable[[Sequence[str]], Sequence[str] | None]
"""From the fields of a first line that is no header to the names of the columns, where they are known."""


@dataclass
class Fields:
    """A table of texts."""

    columns: "dict[str, pd.Series[Any]]"
    """By name: every value as it is written, in the order of the file."""
    lines: NDArray[np.int64]
    """The line of each row, as an editor counts."""
    delimiter: str
    notes: list[str] = field(default_factory=list)
    """A sentence for each kind of line that was left out."""


@dataclass(frozen=True)
class Row:
    """The fields of one line."""

    line: int
    fields: list[str]

    @property
    def blank(self) -> bool:
        """Whether nothing is in it."""
        return not any(self.fields)

    @property
    def remark(self) -> bool:
        """Whether it is a text beside the data, such as a source or units: nothing in it begins with a digit."""
        return bool(REMARK.match(self.fields[0])) or not any(text and VALUE.fullmatch(text) for text in self.fields)


def read(path: Path, headless: Headless = lambda _: None) -> Fields:
    """Every field of a table in UTF-8.

    Raise `InputError` with the line for a table without a header, lines of different lengths, and names that are no names.
    """
    _check_kind(path)
    sample = [line for line in islice(files.lines(path, LONGEST_LINE), SAMPLE) if line.strip(" ,;\t|")]
    if not sample:
        raise InputError(f"{path}: is empty; give it a header line and a row per time step")
    delimiter, count = _layout(path, sample)
    rows = _rows(path, delimiter)
    above, first, fields, second = _first(path, rows, count)
    if second:
        rows = chain([second], rows)
    if _are_values(fields):
        if not (known := headless(fields)):
            raise _no_header(path, first, above, fields)
        rows, fields = chain([first], rows), list(known)
    header = Row(first.line, _named(path, first.line, fields))
    table = Fields({}, np.zeros(0, np.int64), delimiter)
    if numbers := [row.line for row in above if not row.blank]:
        which = f"line {numbers[0]}" if len(numbers) == 1 else f"lines {numbers[0]} to {numbers[-1]}"
        table.notes.append(f"{path}, {which}: above the header, left out")
    texts = _columns(path, header, rows, table)
    if not len(table.lines):
        raise InputError(f"{path}: has no rows; give it a header line and a row per time step")
    table.columns = dict(zip(header.fields, texts, strict=True))
    return table


def _check_kind(path: Path) -> None:
    """Raise `InputError` for what is often called `.csv` and is something else."""
    with path.open("rb") as file:
        begin = file.read(200)
    plain = begin.removeprefix(b"\xef\xbb\xbf").lstrip()
    for mark, what in (
        (b"PK\x03\x04", "an Excel or zip file"),
        (b"\x1f\x8b", "a compressed file"),
        (b"PAR1", "a Parquet file"),
        (b"\xff\xfe", "in UTF-16"),
        (b"\xfe\xff", "in UTF-16"),
        (b"<!", "a page of HTML"),
        (b"<html", "a page of HTML"),
        (b"<?xml", "XML"),
        (b"{", "JSON"),
        (b"[{", "JSON"),
        (b"[[", "JSON"),
    ):
        if begin.startswith(mark) or plain.startswith(mark):
            raise InputError(f"{path}: is {what}, not a table of text in UTF-8; export it as CSV in UTF-8")


# Layout


def _layout(path: Path, sample: list[str]) -> tuple[str, int]:
    """The mark between fields, and how many fields most lines have."""
    found: dict[str, tuple[float, int]] = {}
    for mark in (";", "\t", "|", ","):
        counts = Counter(len(_trimmed(row)) for row in csv.reader(sample, delimiter=mark, skipinitialspace=True))
        count, lines = max(counts.items(), key=lambda item: (item[1], item[0] > 1))
        if count > 1:
            found[mark] = (lines / sum(counts.values()), count)
    if found:
        best = max(found, key=lambda mark: found[mark][0])
        return best, found[best][1]
    words = [line.split() for line in sample[1:][-5:]]
    if words and len(words[0]) > 1 and all(len(row) == len(words[0]) and NUMBER.fullmatch(row[-1]) for row in words):
        raise InputError(f"{path}, line 1: separates its columns by spaces; export it with commas")
    return ",", 1


def _trimmed(fields: list[str]) -> list[str]:
    """Without blank fields at the end, which a mark at the end of the line makes."""
    end = len(fields)
    while end > 1 and not fields[end - 1].strip():
        end -= 1
    return fields[:end]


def _rows(path: Path, delimiter: str) -> Iterator[Row]:
    before = 0
    reader = csv.reader(files.lines(path, LONGEST_LINE), delimiter=delimiter, skipinitialspace=True)
    try:
        for fields in reader:
            line, before = before + 1, reader.line_num
            if row := [text.strip() for text in fields]:
                yield Row(line, row)
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: is not a line of a table ({error}); correct it") from error


# Header


def _first(path: Path, rows: Iterator[Row], count: int) -> tuple[list[Row], Row, list[str], Row | None]:
    """The lines above the table, its first one, which has as many fields as most have, its fields, and a row that was read after it."""
    above: list[Row] = []
    for row in rows:
        if row.line == 1 and SEPARATOR.fullmatch("".join(row.fields)):
            continue
        if len(row.fields) - 1 > MOST_COLUMNS:
            raise InputError(
                f"{path}: has {len(row.fields) - 1:,} columns beside the dates, and at most {MOST_COLUMNS:,} are read; keep "
                "those that matter"
            )
        fields = row.fields if len(row.fields) == count else _trimmed(row.fields)
        if not row.blank and len(fields) >= count and not fields[0].startswith("#"):
            if (
                _are_values(fields)
                and above
                and above[-1].fields[0].startswith("#")
                and len(above[-1].fields) == len(fields)
            ):
                header = above.pop()  # the only line of names is one of remarks: # date, value
                return above, header, [header.fields[0].lstrip("# "), *header.fields[1:]], row
            return above, row, fields, None
        above.append(row)
    raise InputError(f"{path}: has no header; write the names of the columns above the first row")


def _are_values(fields: list[str]) -> bool:
    """Whether a first line is one of data: it has a date, or more numbers than texts."""
    written = [text for text in fields if text]
    return any(map(_is_date, written)) or 2 * sum(map(bool, map(NUMBER.fullmatch, written))) > len(written)


def _is_date(text: str) -> bool:
    return bool(DATE.fullmatch(text)) or (not NUMBER.fullmatch(text) and date_formats.looks_dated(text))


def _no_header(path: Path, row: Row, above: list[Row], fields: list[str]) -> InputError:
    if wide := [other for other in above if len(_trimmed(other.fields)) > 1]:
        return _count_error(path, row, len(_trimmed(wide[-1].fields)))
    values = [text for text in fields if NUMBER.fullmatch(text) or _is_date(text)]
    dates = [text for text in values if YEAR.fullmatch(text) or _is_date(text)]
    if fields[0] not in values and len(dates) > 1:
        return InputError(
            f"{path}, line {row.line}: has a column for each date ({', '.join(dates[:3])}, …); give it a row for each date, and a "
            "column for each series"
        )
    return InputError(
        f"{path}, line {row.line}: is no header, for {' and '.join(map(quoted, values[:2]))} "
        f"{'are values' if len(values) > 1 else 'is a value'}; write the names of the columns above the first row"
    )


def _named(path: Path, line: int, fields: list[str]) -> list[str]:
    result: list[str] = []
    for number, name in enumerate(fields, start=1):
        if len(name) > LONGEST_HEADING or names.CONTROL.search(name):
            raise InputError(
                f"{path}, column {number}: its name, {quoted(name)}, has control characters or is longer than "
                f"{LONGEST_HEADING} characters; give it another"
            )
        if name and name in result:
            raise InputError(
                f"{path}, line {line}: two columns are called {quoted(name)}; give one of them another name"
            )
        result.append(name or f"column {number}")
    return result


def _count_error(path: Path, row: Row, count: int) -> InputError:
    found = len(_trimmed(row.fields))
    return InputError(
        f"{path}, line {row.line}: has {found} field{'s' * (found != 1)}, and the header has {count}; give every line the header's columns"
    )


# Rows


def _columns(path: Path, header: Row, rows: Iterator[Row], table: Fields) -> "list[pd.Series[Any]]":
    """Each column's texts; the lines of the rows and the notes are added to `table`."""
    count = len(header.fields)
    pieces: list[list[pd.Series[Any]]] = []
    piece: list[list[str]] = []
    lines: list[int] = []
    remarks: list[Row] = []
    repeated = 0

    def store() -> None:
        pieces.append([pd.Series(column, dtype="str") for column in zip(*piece, strict=True)])
        piece.clear()

    for row in rows:
        fields = row.fields[:count] if not any(row.fields[count:]) else row.fields
        if row.blank:
            continue
        if fields == header.fields:
            repeated += 1
            continue
        if row.remark and _is_remark(row):
            if not lines:
                table.notes.append(f"{path}, line {row.line}: {quoted(_joined(row), 60)} below the header, left out")
            else:
                remarks.append(row)
            continue
        if remarks:  # in the middle of the data
            _refuse(path, remarks[0], count)
        if len(fields) != count:
            raise _count_error(path, row, count)
        lines.append(row.line)
        if len(lines) * count > MOST_VALUES:
            total = len(lines) + sum(not other.blank for other in rows)
            raise too_large(path, total, count)
        piece.append(fields)
        if len(piece) * count >= PIECE:
            store()
    if piece:
        store()
    if repeated:
        table.notes.append(f"{path}: the header is repeated {repeated} time{'s' * (repeated > 1)}; left out")
    if remarks:
        first, last = remarks[0].line, remarks[-1].line
        which = f"line {first}" if first == last else f"lines {first} to {last}"
        more = "" if first == last else ", …"
        table.notes.append(f"{path}, {which}: {quoted(_joined(remarks[0]), 60)}{more} below the data, left out")
    table.lines = np.array(lines, np.int64)
    return [pd.concat(parts, ignore_index=True) for parts in zip(*pieces, strict=True)]


def _is_remark(row: Row) -> bool:
    """Whether a line without digits is one: not a row whose values are all missing."""
    return len([text for text in row.fields if text.lower() not in MISSING]) > 0


def _refuse(path: Path, row: Row, count: int) -> None:
    if len(_trimmed(row.fields)) != count:
        raise _count_error(path, row, count)
    raise InputError(f"{path}, line {row.line}: {quoted(_joined(row), 60)} is no row of data; remove it")


def _joined(row: Row) -> str:
    return shortened(", ".join(text for text in row.fields if text), 60)


def too_large(path: Path, rows: int, columns: int) -> InputError:
    """The sentence for a table with too many values."""
    return InputError(
        f"{path}: has {rows:,} rows of {columns:,} columns, and at most {MOST_VALUES:,} values are read; keep the "
        "columns that matter, or means over longer steps"
    )
