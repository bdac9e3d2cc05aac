"""The user's own files in `data/input/<task>`: listed and read; files that cannot be read are reported with the reason."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pipelines.errors import InputError

Value = TypeVar("Value")


@dataclass
class Readings(Generic[Value]):
    """What could be read, and what could not."""

    values: dict[Path, Value] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    """One sentence for each file that was skipped."""


def input_files(folder: Path) -> list[Path]:
    """The files below `folder`, sorted, without hidden ones."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def order_key(name: str) -> bytes:
    """The sort key for a pseudo-random order that depends on names alone."""
    return hashlib.sha256(name.encode()).digest()


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


def provenance(files: Sequence[Path]) -> list[dict[str, Any]]:
    """Name, size and SHA-256 of each file."""
    return [{"file": path.as_posix(), "bytes": path.stat().st_size, "sha256": sha256(path)} for path in sorted(files)]


def sha256(path: Path) -> str:
    """The file's hash, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
