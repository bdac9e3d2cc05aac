"""Arrays from `.npy` and `.npz` files of users: what they are is known before any of their values is in memory."""

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InputError
from pipelines.printing import quoted, shortened

MOST_BYTES = 2 << 30
"""Of an array in a `.npz`, which is read as a whole; of a `.npy` only what is used is read."""
KINDS = "biufUS"
"""NumPy's kinds of numbers, truth values and texts."""


@dataclass(frozen=True)
class Stored:
    """An array in a file, not yet read."""

    path: Path
    name: str | None
    """Its name in a `.npz`; None for a `.npy`."""
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __str__(self) -> str:
        return f"{self.path}: the array {quoted(self.name)}" if self.name is not None else f"{self.path}: the array"

    def read(self, rows: NDArray[np.int64], steps: int | None) -> NDArray[Any]:
        """These rows, and of each the first `steps` (None: all)."""
        try:
            if self.name is None:
                whole = np.lib.format.open_memmap(self.path, mode="r")  # type: ignore[no-untyped-call]
            else:
                with zipfile.ZipFile(self.path) as archive, archive.open(f"{self.name}.npy") as member:
                    whole = np.lib.format.read_array(member, allow_pickle=False)  # type: ignore[no-untyped-call]
            return np.array(whole[rows] if steps is None else whole[rows, :steps])
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise _damaged(self.path, error) from error


def stored(path: Path) -> dict[str | None, Stored]:
    """The arrays in `path` by name (None: the only one of a `.npy`); raise `InputError` for a file that holds none that can be used."""
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is not a regular file" if path.exists() else "there is no such file"
        raise InputError(f"{path}: {what}; name a .npy or .npz file, as numpy.save and numpy.savez write them")
    with path.open("rb") as file:
        start = file.read(6)
    if not start:
        raise InputError(f"{path}: is empty; write it with numpy.save")
    if start == b"\x93NUMPY":
        return {None: _npy(path)}
    if zipfile.is_zipfile(path):
        return _npz(path)
    cut = start.startswith(b"PK")
    what = (
        "is the beginning of a .npz file, cut off"
        if cut
        else f"is neither a .npy nor a .npz file (it begins with {quoted(start)})"
    )
    raise InputError(f"{path}: {what}; write it with numpy.save or numpy.savez")


def _npy(path: Path) -> Stored:
    try:
        with path.open("rb") as file:
            shape, dtype = _header(file)
            size = path.stat().st_size - file.tell()
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path, error) from error
    return _checked(Stored(path, None, shape, dtype), size)


def _npz(path: Path) -> dict[str | None, Stored]:
    found: dict[str | None, Stored] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = {
                member.filename.removesuffix(".npy"): member
                for member in archive.infolist()
                if member.filename.endswith(".npy")
            }
            for name, member in members.items():
                with archive.open(member) as file:
                    shape, dtype = _header(file)
                    found[name] = _checked(Stored(path, name, shape, dtype), member.file_size - file.tell())
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise _damaged(path, error) from error
    if not found:
        raise InputError(f"{path}: holds no array; write it with numpy.savez")
    if (large := next((array for array in found.values() if _bytes(array) > MOST_BYTES), None)) is not None:
        raise InputError(
            f"{large} has {_bytes(large):,} bytes, and at most {MOST_BYTES:,} are read from a .npz; save it as .npy, or save less"
        )
    return found


def _header(file: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(file)  # type: ignore[no-untyped-call]
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)  # type: ignore[no-untyped-call]
    return shape, dtype


def _checked(array: Stored, size: int) -> Stored:
    """Raise `InputError` for an array that is not numbers, has no sequences, or is not as long as it says."""
    if array.dtype.hasobject:
        raise InputError(
            f"{array} holds Python objects, which could run code when read; save numbers, padded to one length"
        )
    if array.dtype.kind not in KINDS:
        raise InputError(f"{array} holds values of the type {array.dtype}; save real numbers")
    if _bytes(array) != size:
        raise InputError(
            f"{array.path}: is damaged (its header says {_bytes(array):,} bytes, and {size:,} follow); write it again"
        )
    if not array.shape or 0 in array.shape:
        raise InputError(f"{array} has the shape {array.shape}, and so holds no sequence")
    return array


def _bytes(array: Stored) -> int:
    return math.prod(array.shape) * array.dtype.itemsize


def _damaged(path: Path, error: BaseException) -> InputError:
    reason = shortened(" ".join(str(error).split())).rstrip(".") or type(error).__name__
    return InputError(f"{path}: is damaged ({reason}); write it again with numpy.save or numpy.savez")
