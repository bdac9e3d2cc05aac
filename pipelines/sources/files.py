"""The user's own files: found in `data/input/<task>`, and read; files that cannot be read are reported with the reason."""

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

from pipelines import names
from pipelines.errors import InputError
from pipelines.printing import quoted

Value = TypeVar("Value")
LITTER = (".gitkeep", ".gitignore", ".DS_Store", ".directory", ".localized")
"""Hidden files that nobody puts there by hand."""
LONGEST_NAME = 180
"""Bytes of a name that is written; file systems take 255, in which marks of unfinished files have to find room too."""
KINDS = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


@dataclass
class Readings(Generic[Value]):
    """What could be read, and what could not."""

    values: dict[Path, Value] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    """One sentence for each file that was skipped."""


# Names


def input_files(folder: Path) -> list[Path]:
    """The files below `folder`, sorted, without hidden ones.

    Raise `InputError` for what `check` refuses; and where all files are hidden, for they would be passed over without a word.
    """
    found = check(folder)
    visible = [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    if not visible and (hidden := [path for path in found if path.name not in LITTER]):
        raise InputError(
            f"{hidden[0]}: begins with a dot, or lies in a folder that does, and is not read; rename it, or remove it "
            "to use the sample"
        )
    return visible


def check(folder: Path) -> list[Path]:
    """All files below `folder`, sorted.

    Raise `InputError` for what is none (such as a pipe, whose reader waits for ever), may not be read, or has a name that is no text.
    """
    if folder.is_symlink() and not folder.exists():
        raise InputError(f"{folder}: is a link to a folder that does not exist; correct or remove it")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, not a folder; put it into a folder of that name")
    entries = sorted(_entries(folder)) if folder.exists() else []
    for path in entries:
        _check(path)
    return entries


def _entries(folder: Path) -> Iterator[Path]:
    """Everything below `folder` but folders; a link to a folder is not followed."""

    def refuse(error: OSError) -> NoReturn:
        raise InputError(f"{error.filename}: cannot be listed ({error.strerror}); correct or remove it") from error

    for parent, folders, files in os.walk(folder, onerror=refuse):
        links = [name for name in folders if Path(parent, name).is_symlink()]
        yield from (Path(parent, name) for name in (*files, *links))


def _check(path: Path) -> None:
    if not names.is_text(str(path)) or names.CONTROL.search(str(path)):
        raise InputError(
            f"{quoted(path.as_posix(), 300)}: has a name with bytes that are not UTF-8, or with control characters; rename it"
        )
    if path.is_file():
        if not os.access(path, os.R_OK):
            raise InputError(f"{path}: may not be read by you; change its permissions, or remove it")
        return
    if path.is_dir():
        raise InputError(f"{path}: is a link to a folder, in which DVC sees no changes; put the folder itself there")
    if path.is_symlink() and not path.exists():
        raise InputError(f"{path}: is a link to a file that does not exist; correct or remove it")
    kind = KINDS.get(stat.S_IFMT(path.stat().st_mode), "something else")
    raise InputError(f"{path}: is {kind}, not a file; put a file there, or remove it")


def output_name(stem: str, suffix: str) -> str:
    """`stem` and `suffix` as a name that every file system takes: a longer stem is cut and ends in a hash of the whole."""
    return names.shortened(stem, LONGEST_NAME - len(suffix.encode()), "-") + suffix


def order_key(name: str) -> bytes:
    """The sort key for a pseudo-random order that depends on names alone."""
    return hashlib.sha256(name.encode()).digest()


# Contents


def check_size(path: Path, largest: int) -> None:
    """Raise `InputError` for a file of more than `largest` bytes."""
    size = path.stat().st_size
    if size > largest:
        raise InputError(
            f"{path}: has {size / 1e6:,.0f} MB, and at most {largest / 1e6:,.0f} are read; split or shorten it"
        )


def lines(
    source: Path | int, longest: int, name: str | None = None, on_fault: Callable[[int, str], None] | None = None
) -> Iterator[str]:
    """The lines of a text file (or of an open one, by its descriptor, which stays open) without their ends, one at a time.

    Raise `InputError` with the line (from 1) for one that is not UTF-8 or has more than `longest` characters, which is then
    not read; `name` is what the file is called there, if not by its path. With `on_fault`, that is called instead with the line and what is
    wrong, and the line is given as a blank one.
    """

    def refuse(number: int, fault: str) -> NoReturn:
        raise InputError(f"{name or source}, line {number}: {fault}")

    report = on_fault or refuse
    with open(source, encoding="utf-8-sig", errors="surrogateescape", closefd=isinstance(source, Path)) as file:
        for number in count(1):
            line = file.readline(longest + 1)
            if not line:
                return
            if len(line) > longest and not line.endswith("\n"):
                report(number, f"has more than {longest:,} characters; shorten or remove it")
                while line and not line.endswith("\n"):
                    line = file.readline(longest + 1)
                line = ""
            if not (line.isascii() or names.is_text(line)):
                report(number, "is not UTF-8; save the file in that encoding")
                line = ""
            yield line.removesuffix("\n")


def read_all(files: Sequence[Path], read: Callable[[Path], Value], max_unreadable: float) -> Readings[Value]:
    """Read each file; skip and report the unreadable.

    Raise `InputError` when more than the share `max_unreadable` of them cannot be read, or none can.
    """
    readings: Readings[Value] = Readings()
    for path in files:
        try:
            readings.values[path] = read(path)
        except InputError as error:
            readings.unreadable.append(str(error))
        except OSError as error:
            if error.filename not in (path, str(path)):
                raise  # not of this file, but of what is written
            readings.unreadable.append(f"{path}: cannot be read ({error.strerror}); correct or remove it")
    failed = len(readings.unreadable)
    if failed and (failed > max_unreadable * len(files) or not readings.values):
        if len(files) == 1:
            raise InputError(readings.unreadable[0])
        more = f" (and {failed - 1} more)" if failed > 1 else ""
        raise InputError(
            f"{readings.unreadable[0]}{more}; {failed} of {len(files)} files cannot be read, at most "
            f"{max_unreadable:.0%} may be (collect.max_unreadable)"
        )
    return readings


def without_copies(files: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The files whose contents are those of no earlier one, and a sentence for each text or piece of which there are copies.

    Copies in two parts of the data would let the test show what training has learned by heart.
    """
    sizes = Counter(path.stat().st_size for path in files)
    first: dict[str, Path] = {}
    copies: dict[Path, list[Path]] = {}
    for path in files:
        same = first.setdefault(sha256(path) if sizes[path.stat().st_size] > 1 else path.as_posix(), path)
        if same != path:
            copies.setdefault(same, []).append(path)
    notes = [
        f"{others[0]}{f' and {len(others) - 1} more' * (len(others) > 1)}: the same content as {path}; read once"
        for path, others in copies.items()
    ]
    left_out = {other for others in copies.values() for other in others}
    return [path for path in files if path not in left_out], notes


def provenance(files: Sequence[Path]) -> list[dict[str, Any]]:
    """Name, size and SHA-256 of each file."""
    return [{"file": path.as_posix(), "bytes": path.stat().st_size, "sha256": sha256(path)} for path in sorted(files)]


def sha256(path: Path) -> str:
    """The file's hash, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
