"""Weights that PyTorch saved before its version 1.6, read without PyTorch: `pickle` runs no code of the file.

The file is five pickles (a magic number, the protocol's version, the sizes of C types, the tensors by name, the keys of their storages),
then every storage as its count of elements (8 bytes, little-endian) and their raw values.
"""

import io
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from pipelines.contract import Array
from pipelines.errors import SourceError

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
KINDS = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


@dataclass(frozen=True)
class _Storage:
    """Where the values of a tensor will be."""

    key: str
    kind: np.dtype[Any]
    elements: int


@dataclass(frozen=True)
class _Tensor:
    """A view of a storage, as `torch._utils._rebuild_tensor_v2` makes one."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuilt(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


class _TensorsOnly(pickle.Unpickler):
    """Admits tensors in an ordered dictionary, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if module == "torch" and name in KINDS:
            return KINDS[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is no tensor")

    def persistent_load(self, pid: Any) -> _Storage:
        _, kind, key, _, elements, *_ = pid
        return _Storage(str(key), kind, int(elements))


def read(content: bytes) -> dict[str, Array]:
    """The tensors of the file by name; raise `SourceError` if it holds anything else, or is cut off."""
    file = io.BytesIO(content)
    try:
        magic, protocol, _, state, keys = (_TensorsOnly(file).load() for _ in range(5))
        _check(magic, protocol)
        storages = {tensor.storage.key: tensor.storage for tensor in state.values()}
        values = {key: _values(file, storages[key]) for key in keys}
        return {name: _view(values[tensor.storage.key], tensor) for name, tensor in state.items()}
    except (pickle.UnpicklingError, ValueError, TypeError, KeyError, AttributeError, EOFError, IndexError) as error:
        raise SourceError(f"the pretrained weights are not a file of tensors that PyTorch saved: {error}") from error


def _check(magic: object, protocol: object) -> None:
    if (magic, protocol) != (MAGIC, PROTOCOL):
        raise ValueError("it does not begin with PyTorch's magic number")


def _values(file: BinaryIO, storage: _Storage) -> Array:
    (count,) = np.frombuffer(file.read(8), "<i8")
    if count != storage.elements:
        raise ValueError(f"storage {storage.key} has {count} elements, not {storage.elements}")
    return np.frombuffer(file.read(int(count) * storage.kind.itemsize), storage.kind, int(count))


def _view(values: Array, tensor: _Tensor) -> Array:
    last = tensor.offset + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True))
    if min((*tensor.shape, *tensor.strides, tensor.offset, 0)) < 0 or last >= len(values):
        raise ValueError(f"a tensor of shape {tensor.shape} reaches beyond its storage of {len(values)} elements")
    strides = [stride * values.itemsize for stride in tensor.strides]
    return np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.shape, strides, writeable=False)
