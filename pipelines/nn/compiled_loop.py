"""The loop over the steps of a recurrent layer, and back-propagation through it (Werbos 1990), compiled by XLA.

Keras runs the steps in TensorFlow's `while_loop`, which schedules their operations one by one, more than a hundred for a step that has
little to compute, and stores every intermediate result until the gradient has been computed. Here XLA compiles the forward loop
into one function and the backward loop into another. The gain is measured by `python -m benchmarks.training`, and for padded
batches by `python -m benchmarks.masked`.

**Algorithm.** Of each step only the states and the products with weights are stored; the backward loop recomputes the rest (gradient
checkpointing, Chen et al. 2016). With δ_t the gradient of the loss by a product h_t R, the gradient by R is Σ_t h_tᵀ δ_t, which is the
single product Hᵀ Δ of all steps stacked. This holds for weights that are the right factor of a product; the gradients by all other
weights are summed step by step.

**Masks.** Any mask that Keras takes: padding on the left or the right, masked steps in between, rows that are masked entirely. A masked
step keeps the states and repeats the last output, which is zero before the first valid step; with `zero_output_for_mask` it outputs
zeros. The choice between old and new values is part of the step, and the last output is one more state, so the backward loop has no
special case. Without a mask, none of this is traced.

**Limits.**
- Sequences are (batch, time, features), states (batch, units), all of one dtype.
- The cell depends only on its input, its states and its weights. Keras's dropout is drawn before the loop; a cell must not draw random
  numbers itself. A cell that reads another tensor runs in Keras's own loop.
- A weight that is the right factor of a product must not be used in any other way in the same step.
- Each batch shape (rows, steps) is compiled once, which takes seconds, and stays in memory until the process ends, as does what TensorFlow
  keeps of every traced training step (about 10 MB): batches should have few different shapes.
- Layers that are called eagerly run in Keras's own loop.

**Not guaranteed.** Results equal Keras's up to rounding, not bit by bit. Private parts of Keras and TensorFlow are used
(`pipelines.nn.private_api`), which can change. Before each training, `pipelines.nn.loop_choice` therefore compares the compiled loop with
Keras's own on a small batch. If they differ, or anything raises an error, the network is trained in Keras's own loop, and the report
says why.

On a GPU nothing is compiled here: Keras uses cuDNN for layers that meet its conditions, else TensorFlow's loop.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import keras
import tensorflow as tf

from pipelines.nn import layers, private_api

Tensors = list[tf.Tensor]


@dataclass
class Loop:
    """What runs the steps of a network's recurrent layers in training, and why."""

    name: Literal["XLA", "cuDNN", "TensorFlow"]
    because: str
    traced: set[str] = field(default_factory=set)
    """Paths of the layers that have been traced into a compiled loop so far."""
    fallbacks: dict[str, str] = field(default_factory=dict)
    """Paths of the layers that were to be compiled but ran in Keras's own loop, with the reason."""

    def record(self) -> dict[str, str]:
        """For `training.json`: what has run so far."""
        others = [f"{path} in Keras's own loop: {reason}" for path, reason in self.fallbacks.items()]
        name = "TensorFlow" if self.fallbacks and not self.traced else self.name
        return {"kernel": name, "kernel_because": "; ".join([self.because, *others])}


@contextmanager
def compiled(network: keras.Model, loop: Loop, jit_compile: bool = True) -> Iterator[None]:
    """Trace the recurrent layers of `network` into compiled loops within the context, if `loop` (from `loop_choice.choose`) is XLA's.

    Without `jit_compile` TensorFlow runs the same algorithm: slower, but without a compilation.
    """
    with ExitStack() as replaced:
        for path, layer in layers.directions(network).items() if loop.name == "XLA" else ():
            replaced.enter_context(private_api.inner_loop_replaced(layer, Runner(layer, path, loop, jit_compile)))
        yield


class Runner:
    """Runs the steps of a layer in place of `keras.layers.RNN.inner_loop`; calls of the layer in one trace share what is compiled."""

    def __init__(self, layer: keras.layers.RNN, path: str, loop: Loop, jit_compile: bool) -> None:
        self.layer = layer
        self.path = path
        self.loop = loop
        self.jit_compile = jit_compile
        self.shared: dict[tuple[bool, bool], _Unrolled] = {}

    def __call__(
        self,
        keras_loop: Callable[..., Any],
        sequences: tf.Tensor,
        initial_state: Any,
        mask: Any,
        training: bool = False,
    ) -> tuple[tf.Tensor, tf.Tensor, Tensors]:
        """Last output (batch, units), all of them (batch, time, units), states after the last step."""
        layer, states = self.layer, keras.tree.flatten(initial_state)
        steps, valid = tf.transpose(sequences, (1, 0, 2)), _by_step(mask)
        if layer.go_backwards:
            steps, valid = tf.reverse(steps, [0]), None if valid is None else tf.reverse(valid, [0])
        unrolled = self.shared.get((training, valid is not None))
        if unrolled is None:
            repeats = valid is not None and not layer.zero_output_for_mask
            unrolled = _Unrolled(layer.cell, training, repeats, self.jit_compile)
        if reason := unrolled.refusal(steps, *states):
            self.loop.fallbacks[self.path] = reason
            return keras_loop(sequences=sequences, initial_state=initial_state, mask=mask, training=training)
        if not unrolled.masks:  # dropout is drawn for every call
            self.shared[training, valid is not None] = unrolled
        self.loop.traced.add(self.path)
        outputs, *after = unrolled(steps, valid, *states)
        return outputs[-1], tf.transpose(outputs, (1, 0, 2)), after


def _by_step(mask: Any) -> tf.Tensor | None:
    """Keras's mask (batch, time) or (batch, time, 1), or the first of several, -> bool (time, batch, 1)."""
    mask = keras.tree.flatten(mask)[0]
    if mask is None:
        return None
    mask = tf.cast(mask, tf.bool)
    return tf.transpose(mask if len(mask.shape) == 3 else mask[..., None], (1, 0, 2))


class _Unrolled:
    """A cell at every step: (time, batch, features) and states (batch, units) -> (time, batch, units) and the states at the end.

    With `valid`, bool (time, batch, 1), a step where it is false keeps the states; its output is the last one if `repeats`, else zeros.
    """

    def __init__(self, cell: keras.Layer, training: bool, repeats: bool, jit_compile: bool) -> None:
        self.cell = cell
        self.repeats = repeats
        self.options = {"training": training} if private_api.takes_training(cell) else {}
        self.masks = private_api.dropout_masks(cell)
        self.weights = [private_api.tensorflow_variable(variable) for variable in cell.trainable_variables]
        self.compiled_forward = tf.function(self._forward, jit_compile=jit_compile, autograph=False)
        self.compiled_backward = tf.function(self._backward, jit_compile=jit_compile, autograph=False)

    def __call__(self, steps: tf.Tensor, valid: tf.Tensor | None, *states: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Run all steps; differentiable."""

        @tf.custom_gradient
        def run(steps: tf.Tensor, *states: tf.Tensor) -> tuple[tuple[tf.Tensor, ...], Callable[..., Any]]:
            outputs, after, kept = self.compiled_forward(steps, valid, list(states))

            def gradient(by_outputs: tf.Tensor, *by_after: tf.Tensor, variables: Sequence[tf.Variable] = ()) -> Any:
                by_steps, by_states, by_weights = self.compiled_backward(steps, valid, kept, by_outputs, list(by_after))
                by_variable = {weight.ref(): value for weight, value in zip(self.weights, by_weights, strict=True)}
                by_inputs = [by_steps, *by_states]
                return (by_inputs, [by_variable[variable.ref()] for variable in variables]) if variables else by_inputs

            return (outputs, *after), gradient

        if not self.repeats:
            return run(steps, *states)
        before_the_first = tf.zeros((tf.shape(steps)[1], self.output.shape[-1]), self.output.dtype)
        return run(steps, *states, before_the_first)[:-1]

    def refusal(self, steps: tf.Tensor, *states: tf.Tensor) -> str | None:
        """Why the steps cannot be compiled, or None.

        Trace one step of the cell; note its output, and of each product in it the weight and the sizes of both factors' rows.
        """
        if tf.executing_eagerly():
            return "called eagerly, where every call would be compiled again"

        def step(inputs: tf.Tensor, *states: tf.Tensor) -> tf.Tensor:
            output, _ = self._run_cell(inputs, list(states))
            products = self._products()
            self.multiplied = [weight for weight, _ in products]
            self.sizes = [(product.inputs[0].shape[-1], product.outputs[0].shape[-1]) for _, product in products]
            return output

        rows = [tf.TensorSpec(values.shape[-2:], values.dtype) for values in (steps, *states)]
        traced = tf.function(step, autograph=False).get_concrete_function(*rows)
        self.output = traced.structured_outputs
        drawn = [id(mask) for mask in keras.tree.flatten(self.masks)]
        for tensor in traced.captured_inputs:
            if tf.is_symbolic_tensor(tensor) and tensor.dtype != tf.resource and id(tensor) not in drawn:
                return f"its cell reads {tensor.name}, which is not an input, a state or a weight and would get no gradient"
        return None

    def _step(self, inputs: tf.Tensor, valid: tf.Tensor | None, states: Tensors) -> tuple[tf.Tensor, Tensors]:
        """One step, masked or not; with `repeats`, the last of the states is the last output."""
        before = states[:-1] if self.repeats else states
        output, after = self._run_cell(inputs, before)
        if valid is None:
            return output, after
        old = [states[-1] if self.repeats else tf.zeros_like(output), *before]
        output, *after = [tf.where(valid, *pair) for pair in zip([output, *after], old, strict=True)]
        return output, [*after, output] if self.repeats else after

    def _run_cell(self, inputs: tf.Tensor, states: Tensors) -> tuple[tf.Tensor, Tensors]:
        """One step of the cell, with the dropout that Keras has drawn for all steps and discards after the forward pass."""
        with private_api.dropout_restored(self.cell, self.masks):
            output, after = self.cell(inputs, states, **self.options)
        return output, keras.tree.flatten(after)

    def _products(self) -> list[tuple[int, tf.Operation]]:
        """The products x V in the graph of the step that has just been traced, with the index of their weight V."""
        graph = private_api.current_graph()
        handles = {private_api.captured(graph, weight).ref(): index for index, weight in enumerate(self.weights)}
        products = []
        for product in graph.get_operations():
            if product.type == "MatMul" and not product.get_attr("transpose_a") and not product.get_attr("transpose_b"):
                read = product.inputs[1].op
                weight = handles.get(read.inputs[0].ref()) if read.type == "ReadVariableOp" else None
                if weight is not None:
                    products.append((weight, product))
        return products

    def _forward(
        self, steps: tf.Tensor, valid: tf.Tensor | None, states: Tensors
    ) -> tuple[tf.Tensor, Tensors, Tensors]:
        """Outputs, states at the end, and what is kept of every step: the states before it, its products."""

        def body(time: tf.Tensor, states: Tensors, kept: list[Any], outputs: Any) -> Any:
            output, after = self._step(steps[time], None if valid is None else valid[time], states)
            values = [*states, *(product.outputs[0] for _, product in self._products())]
            return time + 1, after, _write(kept, time, values), outputs.write(time, output)

        length = tf.shape(steps)[0]
        start = (0, states, _arrays(steps, len(states) + len(self.sizes)), *_arrays(steps, 1))
        _, after, kept, outputs = tf.while_loop(lambda time, *_: time < length, body, start)
        return outputs.stack(), after, [array.stack() for array in kept]

    def _backward(
        self, steps: tf.Tensor, valid: tf.Tensor | None, kept: Tensors, by_outputs: tf.Tensor, by_after: Tensors
    ) -> tuple[tf.Tensor, Tensors, Tensors]:
        """Gradients by the steps, by the first states and by the weights."""
        summed = [index for index in range(len(self.weights)) if index not in self.multiplied]

        def body(time: tf.Tensor, by_states: Tensors, sums: Tensors, by_steps: Any, factors: Any, deltas: Any) -> Any:
            time = time - 1
            step, values = steps[time], [array[time] for array in kept]
            states, results = values[: len(by_states)], values[len(by_states) :]
            with tf.GradientTape() as tape:
                tape.watch([step, *states])
                output, after = self._step(step, None if valid is None else valid[time], states)
            products = [product for _, product in self._products()]
            by_step, by_states, by_summed, by_products = tape.gradient(
                [output, *after],
                [step, states, [self.weights[index] for index in summed], [product.outputs[0] for product in products]],
                [by_outputs[time], *by_states],
                unconnected_gradients="zero",
            )
            for product, result in zip(products, results, strict=True):
                private_api.substitute(product.outputs[0], result)
            return (
                time,
                by_states,
                [total + value for total, value in zip(sums, by_summed, strict=True)],
                by_steps.write(time, by_step),
                _write(factors, time, [product.inputs[0] for product in products]),
                _write(deltas, time, by_products),
            )

        zeros = [tf.zeros_like(self.weights[index]) for index in summed]
        arrays = (*_arrays(steps, 1), *(_arrays(steps, len(self.sizes)) for _ in range(2)))
        start = (tf.shape(steps)[0], by_after, zeros, *arrays)
        _, by_states, sums, by_steps, factors, deltas = tf.while_loop(lambda time, *_: time > 0, body, start)
        by_weights: dict[int, Tensors] = {index: [total] for index, total in zip(summed, sums, strict=True)}
        for weight, sizes, *pair in zip(self.multiplied, self.sizes, factors, deltas, strict=True):
            factor, delta = (tf.reshape(array.stack(), (-1, size)) for array, size in zip(pair, sizes, strict=True))
            by_weights.setdefault(weight, []).append(tf.matmul(factor, delta, transpose_a=True))
        return by_steps.stack(), by_states, [tf.add_n(by_weights[index]) for index in range(len(self.weights))]


def _arrays(steps: tf.Tensor, count: int) -> list[Any]:
    """`count` arrays with room for a tensor at each of `steps`."""
    return [tf.TensorArray(steps.dtype, tf.shape(steps)[0]) for _ in range(count)]


def _write(arrays: list[Any], time: tf.Tensor, values: Sequence[tf.Tensor]) -> list[Any]:
    return [array.write(time, value) for array, value in zip(arrays, values, strict=True)]
