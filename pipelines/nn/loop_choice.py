"""Chooses what runs the loop over the steps of a network's recurrent layers in training; checks the compiled loop first."""

import re
from collections.abc import Callable
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pipelines.nn import layers, private_api
from pipelines.nn.compiled_loop import Loop, Runner

MASK = np.array([[1, 1, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1], [0, 0, 0]], bool)
"""The mask of the self-check's small batch: a row each without a masked step, padded right and left, masked within, and entirely."""
TOLERANCES = {"float32": 1e-3, "float16": 0.1, "bfloat16": 0.1}
"""Largest difference that counts as rounding, relative to the largest value or to 1."""
SIZES = ("name", "units", "seed")
"""Options of a cell in which two cells may differ and still run the same operations."""

_differences: dict[str, str | None] = {}


def choose(network: keras.Model) -> Loop:
    """cuDNN or TensorFlow on a GPU, as Keras itself decides; elsewhere XLA, unless the self-check finds a difference.

    `network` is built. On a GPU `because` names the layers that cuDNN does not run.
    """
    recurrent = layers.directions(network)
    if not recurrent:
        return Loop("TensorFlow", "no recurrent layer")
    if tf.config.list_physical_devices("GPU"):
        refusals = {path: refusal for path, layer in recurrent.items() if (refusal := cudnn_refusal(layer))}
        name: Literal["cuDNN", "TensorFlow"] = "TensorFlow" if len(refusals) == len(recurrent) else "cuDNN"
        reasons = [f"not {path}, {refusal}" for path, refusal in refusals.items()]
        met = "every recurrent layer meets its conditions; a mask must be padded on the right, with no row masked entirely"
        return Loop(name, "; ".join(reasons) or met)
    for path, layer in recurrent.items():
        if difference := compare(layer):
            return Loop("TensorFlow", f"the compiled loop failed its self-check at {path}: {difference}")
    return Loop("XLA", "no GPU; on a small batch the compiled loop agreed with Keras's own")


def cudnn_refusal(layer: keras.layers.RNN) -> str | None:
    """The first of cuDNN's conditions that a layer does not meet, or None.

    Masks have a condition too, which only the data can meet: padding on the right, and no row entirely masked. In a traced training
    step TensorFlow raises an error for any other mask.
    """
    if not isinstance(layer, keras.layers.LSTM | keras.layers.GRU):
        return "which is not Keras's LSTM or GRU"
    activation, recurrent = (
        keras.activations.serialize(function) for function in (layer.activation, layer.recurrent_activation)
    )
    refusals = {
        f"whose activations are {activation} and {recurrent}, not tanh and sigmoid": (activation, recurrent)
        != ("tanh", "sigmoid"),
        "which has recurrent dropout": layer.recurrent_dropout > 0,
        "which has no bias": not layer.use_bias,
        "which is unrolled": layer.unroll,
        "whose reset gate comes before the product": not getattr(layer, "reset_after", True),
        "which has use_cudnn=False": layer.use_cudnn is False,
    }
    return next((refusal for refusal, holds in refusals.items() if holds), None)


def compare(layer: keras.layers.RNN) -> str | None:
    """How the compiled loop differs from Keras's own on a small batch, or the error that it raises; None if it does not.

    Outputs and all gradients are compared in training mode, from given initial states: without a mask compiled by XLA, and with one
    as TensorFlow's operations, because compiling takes most of the time. Of layers whose cells differ in size alone, a process compares
    only one.
    """
    options = [f"{key}={value}" for key, value in layer.cell.get_config().items() if key not in SIZES]
    kind = f"{type(layer.cell)} {options}"
    if kind not in _differences:
        try:
            difference = _difference(layer, None, jit_compile=True) or _difference(layer, MASK, jit_compile=False)
        except Exception as error:  # Keras's own loop may work all the same
            difference = f"{type(error).__name__}: {_message(error)}"
        _differences[kind] = difference
    return _differences[kind]


def _message(error: Exception) -> str:
    """An error's message in one line; Keras prints the original one in bold inside its own."""
    bold = re.search(r"\x1b\[1m(.*?)\x1b\[0m", str(error), re.DOTALL)
    return " ".join((bold.group(1) if bold else str(error)).split())[:200]


def _difference(layer: keras.layers.RNN, mask: NDArray[np.bool_] | None, jit_compile: bool) -> str | None:
    """The first result in which the two loops differ by more than rounding."""
    built = layer.get_build_config()
    shape = built.get("input_shape") or built["shapes_dict"]["sequences_shape"]
    if len(shape) != 3:
        return f"its sequences are not (batch, time, features) but {shape}"
    rows, steps = shape[0] if layer.stateful else len(MASK), MASK.shape[1]
    mask = None if mask is None else np.resize(mask, (rows, steps))
    random = np.random.default_rng(0)
    shapes = [(rows, steps, shape[-1]), *((rows, size) for size in layer.state_size)]
    inputs = [tf.constant(random.normal(size=shape), layer.compute_dtype) for shape in shapes]
    weights = layer.trainable_variables

    def run(*inputs: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            sequence, *states = inputs
            outputs = keras.tree.flatten(layer(sequence, initial_state=states, mask=mask, training=True))
            loss = tf.add_n([tf.reduce_sum(tf.square(tf.cast(output, "float32") - 0.5)) for output in outputs])
        sources = [*inputs, *(weight.value for weight in weights)]
        return [*tape.gradient(loss, sources, unconnected_gradients="zero"), *outputs]

    theirs = _evaluate(run, inputs, layer)
    loop = Loop("XLA", "self-check")
    signature = [tf.TensorSpec((rows, None, shape[-1]), layer.compute_dtype), *inputs[1:]]
    with private_api.inner_loop_replaced(layer, Runner(layer, layer.name, loop, jit_compile)):
        ours = _evaluate(tf.function(run, autograph=False).get_concrete_function(*signature), inputs, layer)
    if not loop.traced:
        return "Keras did not call it"
    sources = ["the sequence", *(f"initial state {index}" for index in range(len(inputs) - 1))]
    names = [f"gradient by {name}" for name in (*sources, *(weight.name for weight in weights))]
    names += [f"output {index}" for index in range(len(theirs) - len(names))]
    for name, one, other in zip(names, ours, theirs, strict=True):
        difference = np.abs(one - other).max()
        if not difference <= TOLERANCES[layer.compute_dtype] * max(1, np.abs(other).max()):
            return f"{name} differs by {difference:.1e} {'without' if mask is None else 'with'} a mask"
    return None


def _evaluate(
    function: Callable[..., list[tf.Tensor]], inputs: list[tf.Tensor], layer: keras.layers.RNN
) -> list[NDArray[Any]]:
    """Call `function`, then restore what it has changed in `layer`: the seeds of its dropout, its states if it is stateful."""
    changed = [*layer.non_trainable_variables, *(keras.tree.flatten(layer.states) if layer.stateful else [])]
    before = [variable.numpy() for variable in changed]
    try:
        return [np.asarray(value, np.float64) for value in function(*inputs)]
    finally:
        for variable, value in zip(changed, before, strict=True):
            variable.assign(value)
