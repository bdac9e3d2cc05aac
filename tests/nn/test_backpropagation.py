import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines.nn import backpropagation, recurrent
from pipelines.nn.cells import CELLS
from pipelines.params.blocks import RecurrentLayer

STEPS = 5


def network(cell: str, bidirectional: bool = False, return_sequences: bool = True) -> keras.Model:
    keras.utils.set_random_seed(1)
    window = keras.Input((STEPS, 3))
    options = RecurrentLayer.model_validate({"cell": cell, "units": 4, "bidirectional": bidirectional})
    hidden = recurrent.layer(options, return_sequences=return_sequences, name="recurrent")(window)
    return keras.Model(window, keras.layers.Dense(2)(hidden))


def both_ways(of: keras.Model, unroll: bool = True) -> tuple[list[np.ndarray], list[np.ndarray], int]:
    """The gradients by this module and by the tape alone, and how many matrices were taken over all steps."""
    inputs = tf.constant(np.random.default_rng(1).normal(size=(6, STEPS, 3)), tf.float32)
    shared: dict[int, list[tf.Operation]] = {}

    def loss() -> tuple[tf.GradientTape, tf.Tensor]:
        with tf.GradientTape() as tape:
            if unroll:
                with recurrent.unrolled(of):
                    return tape, tf.reduce_mean(tf.square(of(inputs, training=True) - 0.5))
            return tape, tf.reduce_mean(tf.square(of(inputs, training=True) - 0.5))

    @tf.function
    def ours() -> list[tf.Tensor]:
        tape, value = loss()
        shared.update(backpropagation._products(of.trainable_variables))
        return backpropagation.gradients(tape, value, of.trainable_variables)

    @tf.function
    def plain() -> list[tf.Tensor]:
        tape, value = loss()
        return tape.gradient(value, [variable.value for variable in of.trainable_variables])

    return [value.numpy() for value in ours()], [value.numpy() for value in plain()], len(shared)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru", *CELLS])
def test_every_cells_gradients_are_those_of_the_tape(cell: str) -> None:
    ours, plain, shared = both_ways(network(cell))
    assert shared >= 2  # the kernel and what multiplies the state
    for one, other in zip(ours, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("changes", [{"bidirectional": True}, {"return_sequences": False}])
def test_also_backwards_and_with_the_last_step_alone(changes: dict[str, bool]) -> None:
    ours, plain, _ = both_ways(network("lstm", **changes))
    for one, other in zip(ours, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-7)


def test_a_loop_is_left_to_the_tape() -> None:
    ours, plain, shared = both_ways(network("gru"), unroll=False)
    assert shared == 0
    for one, other in zip(ours, plain, strict=True):
        np.testing.assert_array_equal(one, other)
