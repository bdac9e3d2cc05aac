"""One way to write what a stage leaves: beside the target, renamed when complete, the same bytes every time."""

import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import MissingStageError


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


def write_json(path: Path, value: Any) -> None:
    """Write `value` with sorted keys; a number that is not finite becomes null (JSON knows none)."""
    with replacing(path) as partial:
        text = json.dumps(_plain(value), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        partial.write_text(text + "\n", encoding="utf-8")
        with partial.open("rb") as file:
            os.fsync(file.fileno())


def read_json(path: Path) -> Any:
    """Read what `write_json` wrote; raise `MissingStageError` if it is not there."""
    _require(path)
    return json.loads(path.read_text(encoding="utf-8"))


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays as a compressed `.npz`. Names may hold `/`."""
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **dict(arrays))


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read what `write_arrays` wrote; raise `MissingStageError` if it is not there."""
    _require(path)
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _require(path: Path) -> None:
    if not path.exists():
        raise MissingStageError(
            f"{path} is missing: run `dvc repro`, which runs the stage that makes it and all before it"
        )


def _plain(value: Any) -> Any:
    """`value` with NumPy's scalars and arrays, tuples and non-finite floats made plain."""
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
