"""The user's sequences as a model takes them: checked against what it wants, and no more of them than a page can show."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines.contract import Array, Batch, Indices
from pipelines.errors import InputError
from pipelines.inspect.files import Stored, stored
from pipelines.report.language import _

SEQUENCES = 64
"""At most as many are read, evenly spaced over the file."""
STEPS = 1000
"""At most as many of each are read, from its beginning, where the model takes any number."""
VALUES = 8_000_000
"""States that a trace may have: sequences × steps × units of all recurrent layers. Fewer sequences are read where it would have more."""


class Named(keras.Model):
    """A model that takes its inputs by their names. Its layers are those of the model."""

    def __init__(self, network: keras.Model) -> None:
        super().__init__(name=network.name, dtype="float32", autocast=False)
        self.network = network
        self.built = True

    @property
    def layers(self) -> list[keras.Layer]:
        """Those of the model itself, so that their paths are those that its author knows."""
        return self.network.layers if isinstance(self.network, keras.Model) else [self.network]

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """The model's outputs."""
        structure = _structure(self.network)
        if structure is None:
            given: Any = inputs if len(inputs) > 1 else next(iter(inputs.values()))
        elif isinstance(structure, dict):
            given = {name: inputs[name] for name in structure}
        else:
            given = keras.tree.map_structure(lambda tensor: inputs[tensor.name], structure)
        return self.network(given, training=training)


@dataclass(frozen=True)
class Inputs:
    """Some of the user's sequences: a `Dataset`."""

    arrays: dict[str, Array]
    """By the names of the model's inputs."""
    rows: Indices
    """Their indices in the file."""
    notes: list[str]
    """What was left out, in sentences."""
    streams: bool = False
    variants: int = 1
    lengths: Indices | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, indices: Indices) -> Batch:
        """The sequences at `indices`."""
        return Batch({name: array[indices] for name, array in self.arrays.items()}, {})


def wanted(network: keras.Model) -> dict[str, keras.KerasTensor] | None:
    """The inputs of a model by name; None for one that does not describe them (a subclass of `keras.Model`)."""
    structure = _structure(network)
    if structure is None:
        return None
    if isinstance(structure, dict):
        return dict(structure)
    return {tensor.name: tensor for tensor in keras.tree.flatten(structure)}


def _structure(network: keras.Model) -> Any:
    """What a model was built from: a tensor, a list or a dictionary of them; None for a subclass of `keras.Model`, which does not say."""
    if not getattr(network, "inputs", None):
        return None
    return network.inputs[0] if isinstance(network, keras.Sequential) else network.input


def read(path: Path, network: keras.Model, units: int) -> Inputs:
    """The sequences in `path`, for a model whose recurrent layers have so many units together.

    Raise `InputError` if they are not what the model takes, or are not finite.
    """
    specs, found = wanted(network), stored(path)
    chosen = _assigned(path, specs, found)
    counts = {array.shape[0] for array in chosen.values()}
    if len(counts) > 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in chosen.items())
        raise InputError(f"{path}: its arrays have different numbers of sequences: {shapes}")
    cuts = {name: _fit(array, specs[name] if specs else None) for name, array in chosen.items()}
    count = counts.pop()
    steps = max((cuts[name] or array.shape[1] for name, array in chosen.items() if len(array.shape) > 1), default=1)
    most = min(SEQUENCES, VALUES // max(1, steps * units))
    if not most:
        raise InputError(
            f"{path}: its sequences have {steps:,} steps, which with the {units:,} units of the model are more states than the {VALUES:,} "
            "that are traced; save shorter ones"
        )
    rows = np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64))
    notes = []
    if len(rows) < count:
        notes.append(
            _("{read} of the {count:,} sequences are read, evenly spaced over the file.", read=len(rows), count=count)
        )
    notes += [
        _(
            "Of {name}, the first {cut:,} of {steps:,} steps of each sequence are read.",
            name=name,
            cut=cut,
            steps=chosen[name].shape[1],
        )
        for name, cut in cuts.items()
        if cut
    ]
    arrays = {
        name: _numbers(array, array.read(rows, cuts[name]), rows, specs[name].dtype if specs else None)
        for name, array in chosen.items()
    }
    return Inputs(arrays, rows, notes)


def _assigned(path: Path, specs: dict[str, Any] | None, found: dict[str | None, Stored]) -> dict[str, Stored]:
    """The array of each input."""
    if specs is None:
        return {name or "input": array for name, array in found.items()}
    if len(specs) == 1 and len(found) == 1:
        return {next(iter(specs)): next(iter(found.values()))}
    named = {name: array for name, array in found.items() if name in specs}
    if missing := [name for name in specs if name not in named]:
        has = "one array without a name" if None in found else f"the arrays {', '.join(map(str, found))}"
        form = f"numpy.savez('inputs.npz', {', '.join(f'{name}=…' for name in specs)})"
        raise InputError(
            f"{path}: the model takes {_described_inputs(specs)}, and the file has {has}; write {', '.join(missing)} with {form}"
        )
    return {name: named[name] for name in specs}


def _described_inputs(specs: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_shape(spec.shape)} {spec.dtype}" for name, spec in specs.items())


def _shape(shape: tuple[int | None, ...]) -> str:
    return f"({', '.join(['sequences', *('any' if size is None else str(size) for size in shape[1:])])})"


def _fit(array: Stored, spec: Any | None) -> int | None:
    """How many steps to read, if not all; raise `InputError` if the array's shape or type is not the input's."""
    if spec is None:
        return STEPS if len(array.shape) > 2 and array.shape[1] > STEPS else None
    shape = tuple(spec.shape)
    pairs = list(zip(shape[1:], array.shape[1:], strict=False))
    if len(shape) != len(array.shape) or any(want not in (None, have) for want, have in pairs):
        raise InputError(
            f"{array} has the shape {array.shape}, and the model's input {spec.name} takes {_shape(shape)}"
        )
    text = array.dtype.kind in "US"
    if text != (spec.dtype == "string"):
        raise InputError(
            f"{array} holds {'texts' if text else 'numbers'}, and the model's input {spec.name} takes {spec.dtype}"
        )
    return STEPS if len(shape) > 1 and shape[1] is None and array.shape[1] > STEPS else None


def _numbers(array: Stored, values: NDArray[Any], rows: Indices, dtype: str | None) -> Array:
    """The values as the model reads them; raise `InputError` for one that is not finite, or not whole where it has to be."""
    if values.dtype.kind in "US":
        return values
    if values.dtype.kind == "f" and not (finite := np.isfinite(values)).all():
        raise InputError(
            f"{array} holds {_first(values, ~finite, rows)}, which is not a finite number; fill or remove it ({_count(~finite)})"
        )
    whole = dtype if dtype is not None and "int" in dtype else None
    if whole and values.dtype.kind == "f" and (broken := values != np.round(values)).any():
        raise InputError(
            f"{array} holds {_first(values, broken, rows)}, and the model's input takes whole numbers ({dtype})"
        )
    if whole and values.size and not (np.iinfo(whole).min <= values.min() and values.max() <= np.iinfo(whole).max):
        large = (values < np.iinfo(whole).min) | (values > np.iinfo(whole).max)
        raise InputError(
            f"{array} holds {_first(values, large, rows)}, which is no number of the type {dtype} that the model takes"
        )
    kind = dtype if dtype not in (None, "bfloat16") else "float32" if values.dtype.kind == "f" else "int32"
    return values.astype(kind)


def _count(wrong: NDArray[np.bool_]) -> str:
    return "the only one" if wrong.sum() == 1 else f"the first of {wrong.sum():,}"


def _first(values: NDArray[Any], wrong: NDArray[np.bool_], rows: Indices) -> str:
    """The first wrong value, and where it is in the file."""
    place = tuple(int(index) for index in np.argwhere(wrong)[0])
    names = ["row", "step", "feature", *(f"axis {axis}" for axis in range(4, values.ndim + 1))]
    where = ", ".join(f"{name} {index}" for name, index in zip(names, (rows[place[0]], *place[1:]), strict=False))
    return f"{values[place]:g} at {where} (counted from 0)"
