"""The one way to write a stage's outputs (to a temporary path, renamed when complete, the same bytes every time) and to read them."""

import glob
import json
import math
import os
import shutil
import tokenize
import types
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import psutil
from numpy.typing import DTypeLike, NDArray

from pipelines.errors import REMEDIES, DamagedError, MissingStageError, OutputError

if TYPE_CHECKING:
    import pandas as pd

Record = TypeVar("Record")
PARTIAL = ".partial"
"""Suffix of what is being written. Git and DVC ignore it."""
DAMAGE = (
    *(OSError, EOFError, ValueError, TypeError, LookupError, StopIteration, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, tokenize.TokenError),
)
"""What is raised when a file is not what was written."""
STRUCTURE = "structure"
"""Name of the array that holds a record's structure as JSON."""


# Whole or not at all


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a path beside `target`, of this process alone, to write a file to; synced to disk, it replaces `target` at the end.

    If the block raises, `target` is left as it was and nothing half-written remains.
    """
    with _partial(target) as partial:
        yield partial
        if target.is_dir():
            raise OutputError(f"{target}: is a folder, where a file is to be written; remove it, or name another file")
        _put_into_place(partial, target)


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """Like `replacing`, for a folder that exists already when the block starts.

    Raise `OutputError` if that was removed before the end of the block: what was written until then is lost.
    """
    with _partial(target) as partial:
        partial.mkdir()
        opened = os.open(partial, os.O_RDONLY)  # as long as it is open, no other folder gets its inode
        try:
            yield partial
        finally:
            same = partial.exists() and os.path.samestat(os.fstat(opened), partial.stat())
            os.close(opened)
            if not same:
                raise OutputError(f"{partial} was removed while it was written; run the same command again")
        _put_into_place(partial, target)


@contextmanager
def _partial(target: Path) -> Iterator[Path]:
    """A path beside `target` for this process; removed at the end, and so is what processes have left that were killed."""
    begin = f".{target.name}."
    partial = target.with_name(f"{begin}{os.getpid()}{PARTIAL}")
    try:
        _make_folder(target.parent)
        for path in [] if _within_partial(target) else target.parent.glob(f"{glob.escape(begin)}*{PARTIAL}"):
            process = path.name.removeprefix(begin).removesuffix(PARTIAL)
            if process.isdecimal() and (path == partial or not runs(int(process))):
                _remove(path)
        try:
            yield partial
        finally:
            _remove(partial)
    except OSError as error:
        if error.errno in REMEDIES:  # a full disk names no file, and users know none of these
            where = str(error.filename2 or error.filename or target)
            error.filename, error.filename2 = where.replace(partial.name, target.name), None
        raise


def runs(process: int) -> bool:
    """Whether a process lives; one that has ended and has not been waited for does not."""
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        file = next(parent for parent in (path, *path.parents) if parent.is_file())
        raise OutputError(f"{file}: is a file, where a folder is to be made; remove it") from error


def _within_partial(path: Path) -> bool:
    """Whether `path` is in a folder that will be put into place as a whole."""
    return any(folder.name.endswith(PARTIAL) for folder in path.parents)


def _put_into_place(partial: Path, target: Path) -> None:
    """Rename what is complete, written to disk before: after a power cut a renamed file could be empty."""
    lasting = not _within_partial(target)
    if lasting:
        for path in (partial, *partial.rglob("*")):
            _sync(path)
    if partial.is_dir():
        _remove(target)
    partial.replace(target)
    if lasting:
        _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raise `MissingStageError` if `path` is missing, and `DamagedError` if the block finds that it is not what was written."""
    if not path.exists():
        raise MissingStageError(
            f"{path} is missing: run `dvc repro`, which runs the stage that makes it and all before it"
        )
    try:
        yield
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno in REMEDIES:
            raise  # the operating system's, not the file's
        reason = (
            "".join(filter(str.isprintable, " ".join(str(error).split())))[:200].rstrip(".") or type(error).__name__
        )
        raise DamagedError(f"{path} is damaged ({reason}): run `dvc repro`, which makes it again") from error


# JSON


def write_json(path: Path, value: Any) -> None:
    """Write `value` (dataclasses too) with sorted keys; a number that is not finite becomes null (JSON has no other)."""
    with replacing(path) as partial:
        text = json.dumps(plain(value), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        partial.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read what `write_json` wrote; raise `MissingStageError` or `DamagedError`."""
    with reading(path):
        return json.loads(path.read_text(encoding="utf-8"))


def read(path: Path, kind: type[Record]) -> Record:
    """The dataclass `kind` from a JSON file; raise `MissingStageError` or `DamagedError`."""
    with reading(path):
        record = typed(kind, read_json(path))
        if not isinstance(record, kind):
            raise TypeError(f"it holds no {kind.__name__}")
        return record


# Arrays


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], compressed: bool = True) -> None:
    """Write named arrays as an `.npz`. Names may contain `/`."""
    write = np.savez_compressed if compressed else np.savez
    with replacing(path) as partial, partial.open("wb") as file:
        write(file, allow_pickle=False, **dict(arrays))


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read what `write_arrays` wrote; raise `MissingStageError` or `DamagedError`: the file has a checksum of every array."""
    with reading(path), path.open("rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write one array of numbers as `.npy`."""
    array = np.ascontiguousarray(array)
    header = np.lib.format.header_data_from_array_1_0(array)  # type: ignore[no-untyped-call]
    with replacing(path) as partial, partial.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)  # type: ignore[no-untyped-call]
        file.write(array.data)  # not by `tofile`, whose errors do not tell a full disk


def read_array(path: Path) -> NDArray[Any]:
    """What `write_array` wrote, memory-mapped; raise `MissingStageError` or `DamagedError`."""
    with reading(path):
        # Not `np.load`, which takes what is no array for a pickle.
        mapped: NDArray[Any] = np.lib.format.open_memmap(path, mode="r")  # type: ignore[no-untyped-call]
        return mapped


def read_binary(path: Path, kind: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """The bytes of an array of a known shape, memory-mapped; raise `MissingStageError`, or `DamagedError` for another size."""
    with reading(path):
        if (size := path.stat().st_size) != math.prod(shape) * np.dtype(kind).itemsize:
            raise ValueError(f"it has {size} bytes, not {math.prod(shape)} times {np.dtype(kind).itemsize}")
        return np.memmap(path, kind, "r", shape=shape)


def read_table(path: Path) -> "pd.DataFrame":
    """A table from a `.parquet`; raise `MissingStageError` or `DamagedError`."""
    import pandas as pd

    with reading(path):
        return pd.read_parquet(path)


def write_record(path: Path, record: Any) -> None:
    """Write a dataclass of arrays, numbers and texts, however nested, as one `.npz`."""
    arrays: dict[str, NDArray[Any]] = {}

    def packed(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            arrays[str(len(arrays))] = value
            return {"array": str(len(arrays) - 1)}
        if is_dataclass(value):
            return {part.name: packed(getattr(value, part.name)) for part in fields(value)}
        if isinstance(value, Mapping):
            return {key: packed(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [packed(item) for item in value]
        return value.item() if isinstance(value, np.generic) else value

    structure = json.dumps(packed(record), ensure_ascii=False)
    write_arrays(path, {STRUCTURE: np.array(structure), **arrays})


def read_record(path: Path, kind: type[Record]) -> Record:
    """Read what `write_record` wrote of a `kind`; raise `MissingStageError` or `DamagedError`."""
    stored = read_arrays(path)

    def unpacked(value: Any) -> Any:
        if isinstance(value, dict):
            if value.keys() == {"array"}:
                return stored[value["array"]]
            return {key: unpacked(item) for key, item in value.items()}
        return [unpacked(item) for item in value] if isinstance(value, list) else value

    with reading(path):
        return typed(kind, unpacked(json.loads(str(stored[STRUCTURE]))))


def typed(kind: Any, value: Any) -> Any:
    """Plain dicts and lists as the dataclasses that `kind` describes; what it does not describe stays as it is.

    Fields that a dataclass does not have are left out, so that a base class reads what its subclasses have written.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if value is None:
        return None
    if is_dataclass(kind) and isinstance(value, Mapping):
        hints = get_type_hints(kind)
        return kind(**{name: typed(hints[name], item) for name, item in value.items() if name in hints})  # type: ignore[operator]
    if origin in (Union, types.UnionType):
        return typed(next(part for part in arguments if _fits(part, value)), value)
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, Mapping):
        return {key: typed(arguments[1], item) for key, item in value.items()}
    if isinstance(origin, type) and issubclass(origin, Sequence) and isinstance(value, list):
        items = [typed(arguments[0], item) for item in value]
        return tuple(items) if origin is tuple else items
    return value


def _fits(kind: Any, value: Any) -> bool:
    """Whether `value` may be one of `kind`, of those in a union: a dataclass is known by its fields."""
    if is_dataclass(kind) and isinstance(value, Mapping):
        return value.keys() <= {part.name for part in fields(kind)}
    return kind is not type(None)


def plain(value: Any) -> Any:
    """`value` with dataclasses, NumPy's scalars and arrays, tuples and non-finite floats made plain."""
    if is_dataclass(value):
        return {part.name: plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return float(f"{value:.7g}") if math.isfinite(value) else None
    return value
