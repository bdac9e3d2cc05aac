"""The one way to write a stage's outputs: to a temporary path, renamed when complete, the same bytes every time."""

import json
import math
import os
import shutil
import types
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import MissingStageError

Record = TypeVar("Record")
STRUCTURE = "structure"
"""Name of the array that holds a record's structure as JSON."""


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a path beside `target` to write to (a file, or a folder to create); it replaces `target` at the end.

    If the block raises, `target` is left as it was and nothing half-written remains.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    _remove(partial)
    try:
        yield partial
        if partial.is_dir() or target.is_dir():
            _remove(target)
        partial.replace(target)
    finally:
        _remove(partial)


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """Like `replacing`, for a folder that exists already when the block starts."""
    with replacing(target) as partial:
        partial.mkdir()
        yield partial


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


# JSON


def write_json(path: Path, value: Any) -> None:
    """Write `value` (dataclasses too) with sorted keys; a number that is not finite becomes null (JSON has no other)."""
    with replacing(path) as partial:
        text = json.dumps(_plain(value), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        partial.write_text(text + "\n", encoding="utf-8")
        with partial.open("rb") as file:
            os.fsync(file.fileno())


def read_json(path: Path) -> Any:
    """Read what `write_json` wrote; raise `MissingStageError` if it is missing."""
    _require(path)
    return json.loads(path.read_text(encoding="utf-8"))


def read(path: Path, kind: type[Record]) -> Record:
    """The dataclass `kind` from a JSON file; raise `MissingStageError` if it is missing."""
    return typed(kind, read_json(path))


# Arrays


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays as a compressed `.npz`. Names may contain `/`."""
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **dict(arrays))


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read what `write_arrays` wrote; raise `MissingStageError` if it is missing."""
    _require(path)
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


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
    """Read what `write_record` wrote of a `kind`; raise `MissingStageError` if it is missing."""
    stored = read_arrays(path)

    def unpacked(value: Any) -> Any:
        if isinstance(value, dict):
            if value.keys() == {"array"}:
                return stored[value["array"]]
            return {key: unpacked(item) for key, item in value.items()}
        return [unpacked(item) for item in value] if isinstance(value, list) else value

    return typed(kind, unpacked(json.loads(str(stored[STRUCTURE]))))


def _require(path: Path) -> None:
    if not path.exists():
        raise MissingStageError(
            f"{path} is missing: run `dvc repro`, which runs the stage that makes it and all before it"
        )


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


def _plain(value: Any) -> Any:
    """`value` with dataclasses, NumPy's scalars and arrays, tuples and non-finite floats made plain."""
    if is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return float(f"{value:.7g}") if math.isfinite(value) else None
    return value
