"""Every private part of Keras and TensorFlow that Gatehouse uses, each wrapped here; no other module uses one.

They can change without notice. They were checked in the versions of `SEEN_IN`; check each again after an upgrade.
The self-check in `pipelines.nn.loop_choice` detects at the start of a training whether one that the loop needs has changed its meaning.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

SEEN_IN = {"tensorflow": "2.21", "keras": "3.15"}
"""Major and minor version of each library."""
DROPOUT_MASKS = ("_dropout_mask", "_recurrent_dropout_mask")
"""Attributes in which Keras's cells keep the dropout of all steps while their layer is called; None or absent without dropout."""


@contextmanager
def inner_loop_replaced(layer: keras.layers.RNN, loop: Callable[..., Any]) -> Iterator[None]:
    """`RNN.inner_loop`, by which a layer runs its cell over the steps, is `loop(keras_loop, …)` of this layer within the context."""
    keras_loop = layer.inner_loop
    layer.inner_loop = lambda *arguments, **named: loop(keras_loop, *arguments, **named)
    try:
        yield
    finally:
        del layer.inner_loop


def takes_training(cell: keras.Layer) -> bool:
    """`Layer._call_has_training_arg`: whether `call` has an argument `training`."""
    return cell._call_has_training_arg


def tensorflow_variable(variable: keras.Variable) -> tf.Variable:
    """`Variable._value`: the TensorFlow variable itself; the public `value` is a cast of it under mixed precision."""
    return variable._value


def dropout_masks(cell: keras.Layer) -> dict[str, Any]:
    """The masks of `DROPOUT_MASKS` that Keras has drawn for this call."""
    return {name: mask for name in DROPOUT_MASKS if (mask := getattr(cell, name, None)) is not None}


@contextmanager
def dropout_restored(cell: keras.Layer, masks: dict[str, Any]) -> Iterator[None]:
    """Set the attributes of `DROPOUT_MASKS` to the masks that Keras drew before, within the context."""
    before = {name: getattr(cell, name) for name in masks}
    for name, mask in masks.items():
        setattr(cell, name, mask)
    try:
        yield
    finally:
        for name, mask in before.items():
            setattr(cell, name, mask)


def current_graph() -> Any:
    """`tf.compat.v1.get_default_graph`: the graph of the function that is being traced."""
    return tf.compat.v1.get_default_graph()


def captured(graph: Any, variable: tf.Variable) -> tf.Tensor:
    """`FuncGraph.capture`: the tensor that represents the handle of `variable` in the graph of a function."""
    return graph.capture(variable.handle)


def substitute(tensor: tf.Tensor, value: tf.Tensor) -> None:
    """`Operation._update_input`: every operation that reads `tensor` reads `value` instead; a tensor without readers is not computed."""
    for reader in tensor.consumers():
        for index, read in enumerate(reader.inputs):
            if read is tensor:
                reader._update_input(index, value)


def sublayers(layer: keras.Layer) -> list[keras.Layer]:
    """`Layer._flatten_layers`: the layers that a layer or a model contains directly, in the order in which they were added."""
    return layer._flatten_layers(include_self=False, recursive=False)


def loss_tracker(trainer: keras.Model) -> keras.metrics.Mean:
    """`Trainer._loss_tracker`: the metric `loss` of a compiled model, which a custom `train_step` has to update."""
    return trainer._loss_tracker
