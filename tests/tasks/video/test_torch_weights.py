"""PyTorch's old format is read without PyTorch, and nothing but tensors is admitted."""

import io
import pickle
from typing import Any

import numpy as np
import pytest

from pipelines.errors import SourceError
from pipelines.tasks.video import torch_weights


class _Named:
    """An object that is pickled as a name in a module which need not exist, called with arguments."""

    def __init__(self, module: str, name: str, *arguments: Any) -> None:
        self.module, self.name, self.arguments = module, name, arguments


_PYTHON: Any = vars(pickle)["_Pickler"]  # the one in Python, which can write any name


class _Pickler(_PYTHON):
    def save(self, value: Any, save_persistent_id: bool = True) -> None:
        if isinstance(value, tuple) and value and value[0] == "storage":
            self.save_pers(value)
        elif isinstance(value, _Named) and not value.arguments:
            self.write(b"c" + f"{value.module}\n{value.name}\n".encode())
        elif isinstance(value, _Named):
            self.save(_Named(value.module, value.name))
            self.save(value.arguments)
            self.write(b"R")
        else:
            super().save(value, save_persistent_id)

    def save_pers(self, pid: Any) -> None:
        self.write(b"(")
        for part in pid:
            self.save(part)
        self.write(b"tQ")


def saved(
    tensors: dict[str, Any], storages: dict[str, np.ndarray[Any, Any]], magic: int = torch_weights.MAGIC
) -> bytes:
    file = io.BytesIO()
    for value in (magic, torch_weights.PROTOCOL, {"little_endian": True}, tensors, list(storages)):
        _Pickler(file, 2).dump(value)
    for values in storages.values():
        file.write(len(values).to_bytes(8, "little") + values.tobytes())
    return file.getvalue()


def tensor(key: str, elements: int, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> _Named:
    storage = ("storage", _Named("torch", "FloatStorage"), key, "cpu", elements, None)
    return _Named(
        "torch._utils",
        "_rebuild_tensor_v2",
        storage,
        offset,
        shape,
        strides,
        False,
        _Named("collections", "OrderedDict", *()),
    )


VALUES = np.arange(12, dtype="<f4")


def test_tensors_are_views_of_storages() -> None:
    content = saved(
        {"plain": tensor("0", 12, 0, (3, 4), (4, 1)), "turned": tensor("0", 12, 0, (4, 3), (1, 4))}, {"0": VALUES}
    )
    read = torch_weights.read(content)
    assert (read["plain"] == VALUES.reshape(3, 4)).all()
    assert (read["turned"] == VALUES.reshape(3, 4).T).all()


@pytest.mark.parametrize(("module", "name"), [("os", "system"), ("builtins", "eval"), ("numpy", "load")])
def test_other_names_are_refused(module: str, name: str) -> None:
    with pytest.raises(SourceError, match=f"names {module}.{name}, which is no tensor"):
        torch_weights.read(saved({"bad": _Named(module, name, "1")}, {"0": VALUES}))


def test_tensor_beyond_its_storage_is_refused() -> None:
    for offset, shape, strides in ((0, (4, 4), (4, 1)), (5, (3, 4), (4, 1)), (0, (3, 4), (-4, 1))):
        with pytest.raises(SourceError, match="reaches beyond its storage"):
            torch_weights.read(saved({"bad": tensor("0", 12, offset, shape, strides)}, {"0": VALUES}))


def test_other_file_and_cut_off_file_are_refused() -> None:
    whole = saved({"plain": tensor("0", 12, 0, (3, 4), (4, 1))}, {"0": VALUES})
    for content in (b"", b"PK\x03\x04", whole[:-5], whole[:40], saved({}, {}, magic=7)):
        with pytest.raises(SourceError, match="not a file of tensors that PyTorch saved"):
            torch_weights.read(content)
