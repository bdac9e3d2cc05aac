"""What the recurrent layers of a network read and compute at every step, recorded while the network runs."""

import inspect
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass
class Call:
    """One call of a recurrent layer, in the order in which it reads; a layer that goes backwards reads the last step first."""

    time: int
    mask: NDArray[np.bool_] | None
    """(batch, time); False where the layer keeps its state."""
    output: Array = field(init=False)
    """(batch, time, units), or (batch, units) if the layer gives out the last step only."""
    steps: list[tuple[list[Any], list[Any]]] = field(default_factory=list)
    """What the cell was called with (the input of the step, the states before it), and the states that it returned."""

    @property
    def complete(self) -> bool:
        """Whether the cell was seen at every step."""
        return len(self.steps) >= self.time

    def arrays(self) -> tuple[list[Array], list[Array]]:
        """The input and the states before each step; the states that the cell computed: each (batch, time, …)."""
        steps = self.steps[-self.time :]  # Keras calls a cell once more at the beginning, for the shape of its output
        before, after = (list(zip(*side, strict=True)) for side in zip(*steps, strict=True))
        return [_array(tf.stack(parts, 1)) for parts in before], [_array(tf.stack(parts, 1)) for parts in after]


def recurrent(layer: keras.Layer, path: str) -> Iterator[tuple[str, keras.Layer]]:
    """Every recurrent layer inside `layer`, with its path; the two directions of `Bidirectional` both have the wrapper's."""
    seen: set[int] = set()

    def visit(layer: keras.Layer, path: str) -> Iterator[tuple[str, keras.Layer]]:
        if id(layer) in seen:
            return
        seen.add(id(layer))
        if isinstance(layer, keras.layers.RNN):
            yield path, layer
        elif isinstance(layer, keras.layers.Bidirectional):
            for direction in (layer.forward_layer, layer.backward_layer):
                yield from visit(direction, path)
        else:
            for part in _parts(layer):
                yield from visit(part, f"{path}/{part.name}" if path else part.name)

    return visit(layer, path)


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
            stack.enter_context(_replaced(layer, "call", _observed(layer, calls[id(layer)], running)))
            if hasattr(layer, "use_cudnn"):
                stack.enter_context(_replaced(layer, "use_cudnn", False))
        for cell in {id(layer.cell): layer.cell for layer in layers}.values():
            stack.enter_context(_replaced(cell, "call", _observed_cell(cell, running)))
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
            running[-1].steps.append(([inputs, *keras.tree.flatten(states)], keras.tree.flatten(after)))
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
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Replace an attribute of an object within the context; its class may have one of that name too."""
    own = {name: vars(owner)[name]} if name in vars(owner) else {}
    setattr(owner, name, value)
    try:
        yield
    finally:
        delattr(owner, name)
        vars(owner).update(own)
