"""The loop over the steps of a window, and back-propagation through it (Werbos 1990), each compiled into one kernel.

TensorFlow's own loop takes its operations up one by one, a hundred and more for a step that has little to compute, and keeps
what each of them has put out until the gradient has passed. Here XLA makes one kernel of the loop forwards and one of the loop
backwards. Of each step only its states and its products with weights are kept; the way back computes the rest anew
(Chen et al. 2016). With δ_t the gradient of the loss by a product h_t R, the gradient of R is Σ_t h_tᵀ δ_t; with the steps one
below the other it is a single product, Hᵀ Δ. What all this brings: `python -m benchmarks.training`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from pipelines.nn import layers

Tensors = list[tf.Tensor]
DROPOUT_MASKS = ("_dropout_mask", "_recurrent_dropout_mask")
"""Where `keras.src.layers.rnn.dropout_rnn_cell` keeps them while a layer is called."""
kernel = partial(tf.function, jit_compile=True, autograph=False)


@contextmanager
def compiled(network: keras.Model) -> Iterator[None]:
    """Within it, what is traced of the recurrent layers of `network` runs compiled; on a GPU as ever, by cuDNN or TensorFlow."""
    recurrent = [] if tf.config.list_physical_devices("GPU") else layers.directions(network)
    for each in recurrent:
        each.inner_loop = partial(_loop, each, each.inner_loop)
    try:
        yield
    finally:
        for each in recurrent:
            del each.inner_loop


def kernel_of(network: keras.Model) -> tuple[str, str]:
    """What runs the recurrent layers of `network` in training here, and why: cuDNN, XLA or TensorFlow's own loop."""
    if not tf.config.list_physical_devices("GPU"):
        return "XLA", "no GPU; the loop over the steps is compiled, except where sequences are padded"
    for each in layers.directions(network):
        if not isinstance(each, keras.layers.LSTM | keras.layers.GRU):
            return "TensorFlow", f"{each.name} is no LSTM or GRU of Keras's own"
        names = [keras.activations.serialize(way) for way in (each.activation, each.recurrent_activation)]
        if names != ["tanh", "sigmoid"]:
            return "TensorFlow", f"{each.name} has activations {names}, cuDNN wants tanh and sigmoid"
        if each.recurrent_dropout:
            return "TensorFlow", f"{each.name} has recurrent dropout"
    return "cuDNN", "every recurrent layer meets its conditions"


def _loop(
    layer: keras.layers.RNN,
    keras_loop: Callable[..., Any],
    sequences: tf.Tensor,
    initial_state: Any,
    mask: tf.Tensor | None,
    training: bool = False,
) -> tuple[tf.Tensor, tf.Tensor, Tensors]:
    """What `keras.layers.RNN.inner_loop` gives: last output (batch, units), all of them (batch, time, units), states."""
    if mask is not None:
        return keras_loop(sequences=sequences, initial_state=initial_state, mask=mask, training=training)
    steps = tf.transpose(sequences, (1, 0, 2))
    if layer.go_backwards:
        steps = tf.reverse(steps, [0])
    outputs, *after = _Unfolded(layer.cell, training)(steps, *keras.tree.flatten(initial_state))
    return outputs[-1], tf.transpose(outputs, (1, 0, 2)), after


class _Unfolded:
    """A cell at every step: (time, batch, features) and states (batch, units) each -> (time, batch, units) and the states at the end."""

    def __init__(self, cell: keras.Layer, training: bool) -> None:
        self.cell = cell
        self.options = {"training": training} if cell._call_has_training_arg else {}
        self.masks = {name: mask for name in DROPOUT_MASKS if (mask := getattr(cell, name, None)) is not None}
        self.weights = [
            variable._value for variable in cell.trainable_variables
        ]  # `value` is cast under mixed precision

    def __call__(self, steps: tf.Tensor, *states: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Can be differentiated."""
        self._look_at(steps, *states)

        @tf.custom_gradient
        def run(steps: tf.Tensor, *states: tf.Tensor) -> tuple[tuple[tf.Tensor, ...], Callable[..., Any]]:
            outputs, after, kept = self._forwards(steps, list(states))

            def gradient(by_outputs: tf.Tensor, *by_after: tf.Tensor, variables: Sequence[tf.Variable] = ()) -> Any:
                by_steps, by_states, by_weights = self._backwards(steps, kept, by_outputs, list(by_after))
                found = {weight.ref(): value for weight, value in zip(self.weights, by_weights, strict=True)}
                by_inputs = [by_steps, *by_states]
                return (by_inputs, [found[variable.ref()] for variable in variables]) if variables else by_inputs

            return (outputs, *after), gradient

        return run(steps, *states)

    def _look_at(self, steps: tf.Tensor, *states: tf.Tensor) -> None:
        """Trace one step, and note the weight of each product in it and its sizes, rows and columns."""

        def step(inputs: tf.Tensor, *states: tf.Tensor) -> tf.Tensor:
            output, _ = self._step(inputs, list(states))
            found = self._products()
            self.multiplied = [number for number, _ in found]
            self.sizes = [(product.inputs[0].shape[-1], product.outputs[0].shape[-1]) for _, product in found]
            return output

        rows = [tf.TensorSpec(values.shape[-2:], values.dtype) for values in (steps, *states)]
        tf.function(step, autograph=False).get_concrete_function(*rows)

    def _step(self, inputs: tf.Tensor, states: Tensors) -> tuple[tf.Tensor, Tensors]:
        """One step of the cell, with the dropout that Keras has drawn for all steps and forgets after the way forwards."""
        for name, mask in self.masks.items():
            setattr(self.cell, name, mask)
        output, after = self.cell(inputs, states, **self.options)
        for name in self.masks:
            setattr(self.cell, name, None)
        return output, keras.tree.flatten(after)

    def _products(self) -> list[tuple[int, tf.Operation]]:
        """The products x V in the graph of the step that has just been traced, with the number of their weight V."""
        graph = tf.compat.v1.get_default_graph()
        numbers = {graph.capture(weight.handle).ref(): number for number, weight in enumerate(self.weights)}
        found = []
        for product in graph.get_operations():
            if product.type == "MatMul" and not product.get_attr("transpose_a") and not product.get_attr("transpose_b"):
                read = product.inputs[1].op
                number = numbers.get(read.inputs[0].ref()) if read.type == "ReadVariableOp" else None
                if number is not None:
                    found.append((number, product))
        return found

    @kernel
    def _forwards(self, steps: tf.Tensor, states: Tensors) -> tuple[tf.Tensor, Tensors, Tensors]:
        """Outputs, states at the end, and what is kept of every step: the states before it, its products."""

        def body(number: tf.Tensor, states: Tensors, kept: list[Any], outputs: Any) -> Any:
            output, after = self._step(steps[number], states)
            values = [*states, *(product.outputs[0] for _, product in self._products())]
            return number + 1, after, _write(kept, number, values), outputs.write(number, output)

        length = tf.shape(steps)[0]
        start = (0, states, _room(steps, len(states) + len(self.sizes)), *_room(steps, 1))
        _, after, kept, outputs = tf.while_loop(lambda number, *_: number < length, body, start)
        return outputs.stack(), after, [each.stack() for each in kept]

    @kernel
    def _backwards(
        self, steps: tf.Tensor, kept: Tensors, by_outputs: tf.Tensor, by_after: Tensors
    ) -> tuple[tf.Tensor, Tensors, Tensors]:
        """Gradients by the steps, by the first states and by the weights."""
        others = [number for number in range(len(self.weights)) if number not in self.multiplied]

        def body(number: tf.Tensor, by_states: Tensors, sums: Tensors, by_steps: Any, left: Any, deltas: Any) -> Any:
            number = number - 1
            step, values = steps[number], [each[number] for each in kept]
            states, taken = values[: len(by_states)], values[len(by_states) :]
            with tf.GradientTape() as tape:
                tape.watch([step, *states])
                output, after = self._step(step, states)
            products = [product for _, product in self._products()]
            by_step, by_states, by_others, by_products = tape.gradient(
                [output, *after],
                [step, states, [self.weights[other] for other in others], [product.outputs[0] for product in products]],
                [by_outputs[number], *by_states],
                unconnected_gradients="zero",
            )
            for product, value in zip(products, taken, strict=True):
                _replace(product.outputs[0], value)
            return (
                number,
                by_states,
                [total + value for total, value in zip(sums, by_others, strict=True)],
                by_steps.write(number, by_step),
                _write(left, number, [product.inputs[0] for product in products]),
                _write(deltas, number, by_products),
            )

        nothing = [tf.zeros_like(self.weights[other]) for other in others]
        room = (*_room(steps, 1), *(_room(steps, len(self.sizes)) for _ in range(2)))
        start = (tf.shape(steps)[0], by_after, nothing, *room)
        _, by_states, sums, by_steps, left, deltas = tf.while_loop(lambda number, *_: number > 0, body, start)
        by_weights: dict[int, Tensors] = {other: [total] for other, total in zip(others, sums, strict=True)}
        for weight, size, *factors in zip(self.multiplied, self.sizes, left, deltas, strict=True):
            before, delta = (tf.reshape(each.stack(), (-1, width)) for each, width in zip(factors, size, strict=True))
            by_weights.setdefault(weight, []).append(tf.matmul(before, delta, transpose_a=True))
        return by_steps.stack(), by_states, [tf.add_n(by_weights[number]) for number in range(len(self.weights))]


def _room(steps: tf.Tensor, count: int) -> list[Any]:
    """Room for a tensor at each of `steps`, `count` times."""
    return [tf.TensorArray(steps.dtype, tf.shape(steps)[0]) for _ in range(count)]


def _write(room: list[Any], number: tf.Tensor, values: Sequence[tf.Tensor]) -> list[Any]:
    return [each.write(number, value) for each, value in zip(room, values, strict=True)]


def _replace(tensor: tf.Tensor, value: tf.Tensor) -> None:
    """Let `value` be read where `tensor` is in the graph that is being traced; what nobody reads is not computed."""
    for reader in tensor.consumers():
        for place, read in enumerate(reader.inputs):
            if read is tensor:
                reader._update_input(place, value)
