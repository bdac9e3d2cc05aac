"""Back-propagation through time (Werbos 1990), the gradient of each weight matrix as one product over all steps of a window.

With δ_t the gradient of the loss by the product h_t R, the gradient of R is Σ_t h_tᵀ δ_t: a small product for each step, and a sum over
as many matrices of R's size. With the steps one below the other it is a single product, Hᵀ Δ, at a fraction
of the cost (`python -m benchmarks.training`).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf


def gradients(tape: tf.GradientTape, loss: tf.Tensor, variables: Sequence[keras.Variable]) -> list[tf.Tensor]:
    """The same as `tape.gradient`, inside a TensorFlow function that is being traced.

    It comes out faster for networks whose steps are traced one by one (`recurrent.unrolled`); in others every matrix is multiplied
    at one place only, a loop's body, and nothing changes.
    """
    shared = _products(variables)
    single = [variable for number, variable in enumerate(variables) if number not in shared]
    places = [product.outputs[0] for products in shared.values() for product in products]
    found = iter(tape.gradient(loss, [*single, *places]))
    of_single = [next(found) for _ in single]
    of_shared = {number: _over_steps(products, found) for number, products in shared.items()}
    rest = iter(of_single)
    return [of_shared[number] if number in of_shared else next(rest) for number in range(len(variables))]


def _products(variables: Sequence[keras.Variable]) -> dict[int, list[tf.Operation]]:
    """The products x V of the graph that is being traced, by the number of their variable V; of those that have several."""
    graph = tf.compat.v1.get_default_graph()
    numbers = {graph.capture(variable.value.handle).ref(): number for number, variable in enumerate(variables)}
    found: dict[int, list[tf.Operation]] = {}
    for product in graph.get_operations():
        if product.type == "MatMul" and not product.get_attr("transpose_a") and not product.get_attr("transpose_b"):
            read = product.inputs[1].op
            number = numbers.get(read.inputs[0].ref()) if read.type == "ReadVariableOp" else None
            if number is not None:
                found.setdefault(number, []).append(product)
    return {number: products for number, products in found.items() if len(products) > 1}


def _over_steps(products: list[tf.Operation], deltas: Iterator[Any]) -> tf.Tensor:
    """Hᵀ Δ, less the steps that the loss does not depend on."""
    pairs = [(product.inputs[0], delta) for product in products if (delta := next(deltas)) is not None]
    before, after = zip(*pairs, strict=True)
    return tf.matmul(tf.concat(before, 0), tf.concat(after, 0), transpose_a=True)
