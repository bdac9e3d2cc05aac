"""Which words each of the user's recordings holds: `transcripts.csv`, or the layout of LibriSpeech."""

import csv
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import InputError
from pipelines.printing import quoted, shortened
from pipelines.sources import files
from pipelines.tasks.speech.recordings import KINDS

TABLE = "transcripts.csv"
LIBRISPEECH = ".trans.txt"
COLUMNS = ("file", "text", "speaker", "split")
LONGEST_LINE = 20_000
LONGEST_TEXT = 2_000
PARTS = {
    "train": "train", "training": "train", "valid": "valid", "validation": "valid", "dev": "valid", "test": "test",
}  # fmt: skip
MARKS = "’'`´"
"""Apostrophes, all read as one."""


@dataclass(frozen=True)
class Entry:
    """A recording and what is said in it."""

    file: Path
    text: str
    speaker: str
    split: str
    """Empty where the data do not say."""
    place: str
    """Where the transcript is, for error messages."""


def read(dropped: Sequence[Path], folder: Path) -> list[Entry]:
    """All entries of the tables and lists among `dropped`, which lie in `folder`.

    Raise `InputError` for a table that cannot be read as meant, for a text with characters that are not letters, digits or marks between
    words, and if there is no transcript at all.
    """
    entries = [entry for path in dropped for entry in _entries(path, folder)]
    if not entries:
        raise InputError(
            f"{folder}: has no transcripts: add {TABLE} with the columns file and text (and perhaps speaker and split), or LibriSpeech's "
            f"lists *{LIBRISPEECH}"
        )
    seen: dict[Path, str] = {}
    for entry in entries:
        if entry.file in seen:
            raise InputError(
                f"{entry.place}: {entry.file.name} has a transcript in {seen[entry.file]} already; keep one of them"
            )
        seen[entry.file] = entry.place
    return entries


def is_transcript(path: Path) -> bool:
    """Whether a file holds transcripts, not sound."""
    return path.name.lower() == TABLE or path.name.lower().endswith(LIBRISPEECH)


def _entries(path: Path, folder: Path) -> Iterator[Entry]:
    if path.name.lower() == TABLE:
        yield from _table(path)
    elif path.name.lower().endswith(LIBRISPEECH):
        yield from _librispeech(path, folder)


def _table(path: Path) -> Iterator[Entry]:
    reader = csv.reader((f"{line}\n" for line in files.lines(path, LONGEST_LINE)), strict=True)
    columns: list[str] = []
    try:
        for row in reader:
            place = f"{path}, line {reader.line_num}"
            if not row:
                continue
            if not columns:
                columns = [name.strip().lower() for name in row]
                _check_columns(path, columns)
                continue
            if len(row) != len(columns):
                raise InputError(
                    f"{place}: has {len(row)} fields and the header {len(columns)}; put a text with commas into quotation marks"
                )
            values = dict(zip(columns, (field.strip() for field in row), strict=True))
            yield Entry(
                _below(path.parent, values["file"], place),
                normalised(values["text"], place),
                values.get("speaker", ""),
                _part(values.get("split", ""), place),
                place,
            )
    except csv.Error as error:
        raise InputError(
            f"{path}, line {reader.line_num}: cannot be read ({error}); close every quotation mark"
        ) from error
    if not columns:
        raise InputError(f"{path}: is empty; give it a header line with file and text, and a line for each recording")


def _check_columns(path: Path, columns: list[str]) -> None:
    for name in COLUMNS:
        if columns.count(name) > 1:
            raise InputError(f"{path}: has two columns called {name}; remove one")
    for name in COLUMNS[:2]:
        if name not in columns:
            hint = "it separates its columns by semicolons or tabs, not commas; " if len(columns) == 1 else ""
            raise InputError(
                f"{path}: has no column {name}; {hint}it needs file and text, and may have speaker and split (there are "
                f"{quoted(', '.join(columns))})"
            )


def _below(folder: Path, name: str, place: str) -> Path:
    if not name or Path(name).is_absolute() or ".." in Path(name).parts:
        raise InputError(f"{place}: names the file {quoted(name)}; write its path from the folder of {TABLE}")
    return folder / name


def _part(split: str, place: str) -> str:
    if split and split.lower() not in PARTS:
        raise InputError(f"{place}: {quoted(split)} in the column split is none of train, valid and test; correct it")
    return PARTS[split.lower()] if split else ""


def _librispeech(path: Path, folder: Path) -> Iterator[Entry]:
    """`ID TEXT` a line, beside `ID.flac`; a folder like `dev-clean` above names the part, the first part of the ID the speaker."""
    above = [part.partition("-")[0].lower() for part in path.relative_to(folder).parts[:-1]]
    split = next((PARTS[part] for part in above if part in PARTS), "")
    beside = {file.stem: file for file in sorted(path.parent.iterdir()) if file.suffix.lower() in KINDS}
    for number, line in enumerate(files.lines(path, LONGEST_LINE), start=1):
        place = f"{path}, line {number}"
        name, _, text = line.strip().partition(" ")
        if not name:
            continue
        file = beside.get(name, path.parent / f"{name}.flac")
        yield Entry(file, normalised(text, place), name.partition("-")[0], split, place)


def normalised(text: str, place: str) -> str:
    """In lower case, with single spaces, without punctuation.

    Raise `InputError` for a text without a letter or digit, for one that is too long, and for a character that is neither read aloud
    letter by letter nor punctuation.
    """
    if len(text) > LONGEST_TEXT:
        raise InputError(
            f"{place}: its text has {len(text):,} characters, and at most {LONGEST_TEXT:,} are read; shorten it"
        )
    kept = []
    for character in unicodedata.normalize("NFC", text).lower():
        kind = unicodedata.category(character)
        if character in MARKS:
            kept.append("'")
        elif kind[0] in "LM" or kind == "Nd":
            kept.append(character)
        elif kind[0] in "PZ" or character in "\t\n":
            kept.append(" ")
        else:
            raise InputError(
                f"{place}: the text {quoted(shortened(text))} has the character {quoted(character)}, which is neither a letter nor a digit "
                "nor punctuation; write what is said in words"
            )
    words = " ".join(word for word in (part.strip("'") for part in "".join(kept).split()) if word)
    if not words:
        raise InputError(
            f"{place}: has no text; write what is said in the recording, or remove the recording and this line"
        )
    return words
