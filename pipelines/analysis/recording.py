"""What the recurrent layers of a network read and compute at every step, recorded while the network runs."""

import inspect
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Array = NDArray[np.float64]
Layer = TypeVar("Layer", bound=keras.Layer)


@dataclass
class Call:
    """One call of a recurrent layer, in the order in which it reads; a layer that goes backwards reads the last step first."""

    time: int
    mask: NDArray[np.bool_] | None
    """(batch, time); False where the layer keeps its state."""
    output: Array = field(init=False)
    """(batch, time, units), or (batch, units) if the layer gives out the last step only."""
    steps: dict[int, list[tuple[list[Any], list[Any]]]] = field(default_factory=dict)
    """By the id of a cell: what it was called with (the input of the step, the states before it), and what it returned (its output, the
    states after it)."""

    def complete(self, cell: Any) -> bool:
        """Whether a cell was seen at every step."""
        return len(self.steps.get(id(cell), ())) >= self.time

    def arrays(self, cell: Any) -> tuple[list[Array], Array, list[Array]]:
        """The input of a cell and its states before each step; its output; the states that it computed: each (batch, time, …)."""
        steps = self.steps[id(cell)][
            -self.time :
        ]  # Keras calls a cell once more at the beginning, for the shape of its output
        read, given = (
            [_array(tf.stack(parts, 1)) for parts in zip(*side, strict=True)] for side in zip(*steps, strict=True)
        )
        return read, given[0], given[1:]


def readers(layer: keras.Layer, path: str, seen: set[int] | None = None) -> Iterator[tuple[str, keras.Layer]]:
    """Every layer inside `layer` that reads a sequence step by step, with its path: recurrent layers, and `Bidirectional` as a whole."""
    seen = set() if seen is None else seen
    if id(layer) in seen:
        return
    seen.add(id(layer))
    if isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional):
        yield path, layer
    else:
        for part in _parts(layer):
            yield from readers(part, f"{path}/{part.name}" if path else part.name, seen)


def recurrent(layer: keras.Layer, path: str) -> Iterator[tuple[str, keras.layers.RNN]]:
    """Every recurrent layer inside `layer`, with its path; the two directions of `Bidirectional` both have the wrapper's."""
    seen: set[int] = set()
    for found, reader in readers(layer, path, seen):
        if isinstance(reader, keras.layers.RNN):
            yield found, reader
        else:
            for direction in (reader.forward_layer, reader.backward_layer):
                yield from readers(direction, found, seen)


def cells(layer: keras.layers.RNN) -> list[tuple[str, Any]]:
    """The cells of a recurrent layer, from input to output: one with the path "", or stacked ones with their names."""
    if not isinstance(layer.cell, keras.layers.StackedRNNCells):
        return [("", layer.cell)]
    return [(f"/{index}_{cell.name}", cell) for index, cell in enumerate(layer.cell.cells, start=1)]


def within(layer: keras.Layer, kind: type[Layer]) -> Iterator[Layer]:
    """Every layer of this kind inside `layer`, each once."""
    seen: set[int] = set()
    waiting = [layer]
    while waiting:
        part = waiting.pop()
        if id(part) not in seen:
            seen.add(id(part))
            if isinstance(part, kind):
                yield part
            waiting += _parts(part)


def _parts(layer: keras.Layer) -> list[keras.Layer]:
    if isinstance(layer, keras.Model):
        return layer.layers
    return [part for part in keras.tree.flatten(list(vars(layer).values())) if isinstance(part, keras.Layer)]


@contextmanager
def recorded(layers: Iterable[keras.layers.RNN]) -> Iterator[dict[int, list[Call]]]:
    """Record every eager call of `layers` within the context, by the id of the layer.

    Keras's own loop over the steps runs, not cuDNN's, and float32 stays float32 on GPUs that would use TF32. Layers and
    states of stateful layers are restored at the end.
    """
    layers = list(layers)
    calls: dict[int, list[Call]] = {id(layer): [] for layer in layers}
    running: list[Call] = []
    precise = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    with ExitStack() as stack:
        stack.callback(tf.config.experimental.enable_tensor_float_32_execution, precise)
        for layer in layers:
            for state in keras.tree.flatten(layer.states or []):
                stack.callback(state.assign, state.numpy())
            stack.enter_context(replaced(layer, "call", _observed(layer, calls[id(layer)], running)))
            if hasattr(layer, "use_cudnn"):
                stack.enter_context(replaced(layer, "use_cudnn", False))
        for cell in {id(cell): cell for layer in layers for _, cell in cells(layer)}.values():
            stack.enter_context(replaced(cell, "call", _observed_cell(cell, running)))
        yield calls


def _observed(layer: keras.layers.RNN, calls: list[Call], running: list[Call]) -> Any:
    original, signature = layer.call, inspect.signature(layer.call)

    def call(*args: Any, **options: Any) -> Any:
        if not tf.executing_eagerly():
            return original(*args, **options)
        given = signature.bind(*args, **options).arguments
        sequence = next(iter(given.values()))
        running.append(Call(sequence.shape[1], _mask(layer, given.get("mask"))))
        try:
            output = original(*args, **options)
        finally:
            recorded_call = running.pop()
        recorded_call.output = _array(keras.tree.flatten(output)[0])
        calls.append(recorded_call)
        return output

    return call


def _observed_cell(cell: keras.Layer, running: list[Call]) -> Any:
    original = cell.call

    def call(inputs: Any, states: Any, *args: Any, **options: Any) -> Any:
        output, after = original(inputs, states, *args, **options)
        if running and tf.executing_eagerly():
            step = ([inputs, *keras.tree.flatten(states)], [output, *keras.tree.flatten(after)])
            running[-1].steps.setdefault(id(cell), []).append(step)
        return output, after

    return call


def _mask(layer: keras.layers.RNN, mask: Any) -> NDArray[np.bool_] | None:
    """(batch, time), in the order of reading."""
    masks = [part for part in keras.tree.flatten(mask) if part is not None]
    if not masks:
        return None
    values = np.asarray(masks[0], bool)
    return values[:, ::-1] if layer.go_backwards else values


def _array(tensor: Any) -> Array:
    return keras.ops.convert_to_numpy(tensor).astype(np.float64)


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Replace an attribute of an object within the context; its class may have one of that name too."""
    own = {name: vars(owner)[name]} if name in vars(owner) else {}
    setattr(owner, name, value)
    try:
        yield
    finally:
        delattr(owner, name)
        vars(owner).update(own)
