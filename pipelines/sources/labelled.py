"""Tables of labelled texts that a user drops in: `text`, `label` and perhaps `split`, every error reported with its line."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines import names
from pipelines.errors import InputError
from pipelines.printing import quoted
from pipelines.sources import files

LARGEST = 200_000_000
"""Bytes of a file; its texts and tokens take some ten times as much memory."""
LONGEST = 1_000_000
"""Characters of a text; a longer one is a quotation mark that was not closed."""
LONGEST_LABEL = 100
"""Characters of a label."""
MOST_CLASSES = 1_000
"""More different labels are no classes."""
MOST_ROWS = 2_000_000
PIECE = 256
"""Rows of a Parquet file that are read at a time: a small file can hold long texts, each many times."""
REQUIRED, OPTIONAL = ("text", "label"), "split"
PARTS = {
    "train": "train", "training": "train", "valid": "valid", "validation": "valid", "val": "valid", "dev": "valid", "test": "test"
}  # fmt: skip
"""What a split may be called -> our name for it."""
SHOWN = 5
"""Lines that are named."""
KINDS = (".csv", ".tsv", ".parquet")


@dataclass
class LabelledTexts:
    """The rows of one table."""

    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    """Empty where the table has no such column."""
    incomplete: list[str] = field(default_factory=list)
    """Where the rows are that have no text or no label, which are left out."""

    def left_out(self, path: Path) -> str | None:
        """A sentence about the incomplete rows."""
        if not self.incomplete:
            return None
        count, some = len(self.incomplete), ", ".join(self.incomplete[:SHOWN])
        more = ", …" if count > SHOWN else ""
        return f"{path}: {count:,} row{'s' if count > 1 else ''} without text or label ({some}{more})"


def read(path: Path, max_incomplete: float) -> LabelledTexts:
    """The labelled texts of a `.csv`, `.tsv` or `.parquet`; further columns are ignored.

    Rows without a text or a label are left out and noted. Raise `InputError` with the file and line for what is not such a table, or if
    more than the share `max_incomplete` of its rows are left out.
    """
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise InputError(f"{path}: is not a {', '.join(KINDS[:-1])} or {KINDS[-1]} file; convert or remove it")
    files.check_size(path, LARGEST)
    rows = _parquet(path) if kind == ".parquet" else _delimited(path, "," if kind == ".csv" else "\t")
    table = _collected(path, rows)
    count = len(table.texts) + len(table.incomplete)
    if not count:
        raise InputError(f"{path}: has no rows; give it a header line and a row for each text")
    if not table.texts or len(table.incomplete) > max_incomplete * count:
        raise InputError(
            f"{path}, {table.incomplete[0]}: has no text or no label, as {len(table.incomplete):,} of {count:,} rows, and at most "
            f"{max_incomplete:.0%} may be so (collect.max_unreadable); complete or remove them"
        )
    return table


Row = tuple[str, Sequence[Any]]
"""Where it is in the file; text, label and, if there is that column, split."""


def _collected(path: Path, rows: Iterable[Row]) -> LabelledTexts:
    table = LabelledTexts()
    classes: set[str] = set()
    characters = 0
    for place, values in rows:
        if not isinstance(values[0], str | None):
            raise InputError(f"{path}, {place}: {quoted(values[0])} in the column text is not a text; correct it")
        text, label, *split = ("" if value is None else str(value).strip() for value in values)
        if not text or not label:
            table.incomplete.append(place)
            continue
        _check(path, place, text, label)
        classes.add(label)
        characters += len(text)
        for count, most, what in (
            (len(classes), MOST_CLASSES, "different labels"),
            (len(table.texts) + 1, MOST_ROWS, "rows"),
            (characters, LARGEST, "characters"),
        ):
            if count > most:
                raise InputError(f"{path}, {place}: is beyond the {most:,} {what} that are read; leave some out")
        if split:
            if split[0].lower() not in PARTS:
                raise InputError(
                    f"{path}, {place}: {quoted(split[0])} in the column split is none of train, valid and test; correct it"
                )
            table.splits.append(PARTS[split[0].lower()])
        table.texts.append(text)
        table.labels.append(label)
    return table


def _check(path: Path, place: str, text: str, label: str) -> None:
    if len(text) > LONGEST:
        raise InputError(
            f"{path}, {place}: its text has {len(text):,} characters, and at most {LONGEST:,} are read; shorten it, or see whether a "
            "quotation mark before it is not closed"
        )
    if len(label) > LONGEST_LABEL or names.CONTROL.search(label):
        raise InputError(
            f"{path}, {place}: the label {quoted(label)} has control characters or more than {LONGEST_LABEL} characters; give it another"
        )


def _delimited(path: Path, delimiter: str) -> Iterator[Row]:
    """The rows of a table in text, whose fields may hold delimiters, quotation marks and line breaks as RFC 4180 has them."""
    lines = (f"{line}\n" for line in files.lines(path, LONGEST))
    before = csv.field_size_limit(LONGEST)
    # Strict: a mark after a closing quotation mark, or a quotation that is never closed, is an error and not guessed.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        columns: list[int] | None = None
        start, header = 1, []
        for row in reader:
            place, start = f"line {start}", reader.line_num + 1
            if not row:
                continue
            if columns is None:
                header, columns = row, _columns(path, row, delimiter)
                continue
            if len(row) != len(header):
                raise InputError(
                    f"{path}, {place}: has {len(row)} fields and the header {len(header)}; put a text with {_name(delimiter)}s or "
                    "quotation marks into quotation marks, and double those in it"
                )
            yield place, [row[column] for column in columns]
    except csv.Error as error:
        raise InputError(
            f"{path}, line {reader.line_num}: cannot be read ({error}); close every quotation mark, and double those inside a quoted text"
        ) from error
    finally:
        csv.field_size_limit(before)


def _columns(path: Path, header: Sequence[str], delimiter: str | None) -> list[int]:
    """Where `text`, `label` and perhaps `split` are."""
    known = [str(name).strip().lower() for name in header]
    others = {";": "semicolons", "\t": "tabs", ",": "commas"}
    if delimiter and len(header) == 1:
        for mark, what in others.items():
            if mark != delimiter and mark in header[0]:
                raise InputError(
                    f"{path}, line 1: separates its columns by {what}, not {_name(delimiter)}s; export it anew"
                )
    for name in (*REQUIRED, OPTIONAL):
        if known.count(name) > 1 or (name in REQUIRED and name not in known):
            raise InputError(
                f"{path}: has {'no column' if name not in known else 'two columns'} called {name}; it needs text and label, and may have "
                f"split (there are {quoted(', '.join(known))})"
            )
    return [known.index(name) for name in (*REQUIRED, OPTIONAL) if name in known]


def _name(delimiter: str) -> str:
    return "comma" if delimiter == "," else "tab"


def _parquet(path: Path) -> Iterator[Row]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            schema = file.schema_arrow.names
            wanted = [schema[column] for column in _columns(path, schema, None)]
            number = 0
            for batch in file.iter_batches(batch_size=PIECE, columns=wanted):
                for values in zip(*(batch.column(name).to_pylist() for name in wanted), strict=True):
                    number += 1
                    yield f"row {number}", values
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        raise InputError(f"{path}: is not a readable Parquet file ({error}); export it again") from error
