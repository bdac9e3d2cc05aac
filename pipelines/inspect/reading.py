"""What the recurrent layers of a model read: which one the sequence reaches first, and whether ids are in the vocabulary."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines.analysis.recording import readers, replaced, within
from pipelines.contract import Array, Indices
from pipelines.errors import InputError
from pipelines.inspect.inputs import Named


@dataclass(frozen=True)
class Entrance:
    """Where the sequence enters the first recurrent layer: a call of that layer, whose input gradients and importance are about."""

    path: str
    layer: keras.Layer
    calls: int
    """How often the layer is called when the model reads its inputs; its first call is meant."""

    @contextmanager
    def intercepted(self, change: Callable[[Any, Any], Any]) -> Iterator[None]:
        """Within the context the layer reads `change(sequence, mask)` in its first call; its other arguments stay."""
        original, signature = self.layer.call, inspect.signature(self.layer.call)
        calls = 0

        def call(*args: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls > 1:
                return original(*args, **options)
            given = signature.bind(*args, **options)
            name = next(iter(given.arguments))
            given.arguments[name] = change(given.arguments[name], _first(given.arguments.get("mask")))
            return original(*given.args, **given.kwargs)

        with replaced(self.layer, "call", call):
            yield

    def read(self, network: Named, inputs: dict[str, Array]) -> "Read":
        """What the layer reads while the model reads `inputs`."""
        seen: list[Any] = []

        def change(sequence: Any, mask: Any) -> Any:
            seen[:] = [sequence, mask]
            return sequence

        with self.intercepted(change):
            outputs = network(inputs)
        sequence, mask = seen
        values = np.asarray(keras.ops.convert_to_numpy(sequence), np.float32)
        flat = values.reshape(*values.shape[:2], -1)
        return Read(flat, values.shape[2:], None if mask is None else np.asarray(mask, bool), outputs)


@dataclass(frozen=True)
class Read:
    """What the first recurrent layer reads, and what the model makes of it."""

    sequence: NDArray[np.float32]
    """(batch, time, dimensions): all that a step has in one axis."""
    step: tuple[int, ...]
    """The shape of a step."""
    mask: Array | None
    """(batch, time) bool; None if the layer gets none."""
    outputs: Any


@dataclass(frozen=True)
class Tokens:
    """An embedding that reads an input as it is."""

    input: str
    vocabulary: int


def explore(network: Named, inputs: dict[str, Array], rows: Indices) -> tuple[Entrance | None, Tokens | None]:
    """Run the model once, eagerly: where its sequence enters the first recurrent layer, and which input holds ids.

    The first layer is the first that is called once with a whole sequence for each row; if there is none, the first call of the first one.
    Raise `InputError` for an id that an `Embedding` does not have; `rows` are the indices of the sequences in the user's file.
    """
    calls: dict[int, list[tuple[int, ...]]] = {}
    tokens: list[Tokens] = []
    faults: list[str] = []

    def observe_reader(layer: keras.Layer) -> Callable[..., Any]:
        original, signature = layer.call, inspect.signature(layer.call)

        def call(*args: Any, **options: Any) -> Any:
            sequence = next(iter(signature.bind(*args, **options).arguments.values()))
            calls.setdefault(id(layer), []).append(tuple(sequence.shape))
            return original(*args, **options)

        return call

    def observe_embedding(layer: keras.layers.Embedding) -> Callable[..., Any]:
        original = layer.call

        def call(ids: Any, *args: Any, **options: Any) -> Any:
            if not hasattr(ids, "numpy"):  # in a graph, which a layer around this one has made
                return original(ids, *args, **options)
            values = keras.ops.convert_to_numpy(ids)
            faults.extend(_fault_of_ids(layer, values, rows))
            if faults:  # raised below: Keras would add to the sentence what it was called with
                raise ValueError
            found = [name for name, array in inputs.items() if array.shape == values.shape and (array == values).all()]
            tokens.extend(Tokens(name, layer.input_dim) for name in found[:1])
            return original(ids, *args, **options)

        return call

    layers = {id(layer): (path, layer) for path, layer in readers(network, "")}
    with ExitStack() as stack:
        for _, layer in layers.values():
            stack.enter_context(replaced(layer, "call", observe_reader(layer)))
        for layer in within(network, keras.layers.Embedding):
            stack.enter_context(replaced(layer, "call", observe_embedding(layer)))
        try:
            network(inputs)
        except ValueError as error:
            if faults:
                raise InputError(faults[0]) from error
            raise
    whole = [key for key, shapes in calls.items() if len(shapes[0]) > 2 and shapes[0][0] == len(rows)]
    key = next((key for key in whole if len(calls[key]) == 1), next(iter(whole), None))
    entrance = None if key is None else Entrance(*layers[key], len(calls[key]))
    return entrance, next(iter(tokens), None)


def _fault_of_ids(layer: keras.layers.Embedding, values: NDArray[Any], rows: Indices) -> list[str]:
    """Where the first id is that the layer does not have, as a sentence."""
    wrong = (values < 0) | (values >= layer.input_dim)
    if not wrong.any():
        return []
    place = tuple(int(index) for index in np.argwhere(wrong)[0])
    row = f"row {rows[place[0]] if len(values) == len(rows) else place[0]}"
    step = f", step {place[1]}" if len(place) > 1 else ""
    return [
        f"the id {values[place]:.0f} at {row}{step} (counted from 0) is not in the vocabulary of the layer {layer.name}, which has the "
        f"{layer.input_dim:,} ids from 0 to {layer.input_dim - 1}; give the ids that the model was trained with"
    ]


def _first(mask: Any) -> Any:
    """The mask of the sequence, of what may be a list for sequence and states."""
    return next((part for part in keras.tree.flatten(mask) if part is not None), None)
