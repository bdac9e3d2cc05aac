from contextlib import nullcontext

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines.nn import compiled_loop, layers
from pipelines.params.blocks import RecurrentLayer
from pipelines.params.cells import CELLS

STEPS = 5


def network(cell: str, return_sequences: bool = True, **options: object) -> keras.Model:
    keras.utils.set_random_seed(1)
    window = keras.Input((None, 3))
    of_layer = RecurrentLayer.model_validate({"cell": cell, "units": 4, **options})
    hidden = layers.layer(of_layer, return_sequences=return_sequences, name="recurrent")(window)
    return keras.Model(window, keras.layers.Dense(2)(hidden))


def outputs_and_gradients(of: keras.Model, compiled: bool, rows: int = 6) -> list[np.ndarray]:
    """The network's outputs, and the gradients of a loss by its inputs and its weights."""
    inputs = tf.constant(np.random.default_rng(1).normal(size=(rows, STEPS, 3)), tf.float32)

    @tf.function(input_signature=[tf.TensorSpec((None, None, 3))])
    def found(inputs: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape, compiled_loop.compiled(of) if compiled else nullcontext():
            tape.watch(inputs)
            outputs = of(inputs, training=True)
            loss = tf.reduce_mean(tf.square(outputs - 0.5))
        weights = [variable.value for variable in of.trainable_variables]
        return [outputs, *tape.gradient(loss, [inputs, *weights])]

    return [value.numpy() for value in found(inputs)]


def assert_alike(of: keras.Model, **options: int) -> None:
    for ours, kerass in zip(
        outputs_and_gradients(of, compiled=True, **options),
        outputs_and_gradients(of, compiled=False, **options),
        strict=True,
    ):
        np.testing.assert_allclose(ours, kerass, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("cell", list(CELLS))
def test_every_cell_has_the_outputs_and_gradients_of_kerass_own_loop(cell: str) -> None:
    assert_alike(network(cell))


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="on a GPU nothing is compiled")
@pytest.mark.parametrize("cell", list(CELLS))
def test_both_ways_are_kernels_and_no_matrixs_gradient_is_summed_step_by_step(cell: str) -> None:
    of = network(cell)
    (layer,) = layers.directions(of)
    seen = []

    @tf.function(input_signature=[tf.TensorSpec((None, None, 3))])
    def found(inputs: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape, compiled_loop.compiled(of):
            loss = tf.reduce_mean(of(inputs, training=True))
        unfolded = compiled_loop._Unfolded(layer.cell, training=True)
        unfolded._look_at(tf.zeros((STEPS, 1, 3)), *layer.get_initial_state(1))
        seen.extend(unfolded.multiplied)
        return tape.gradient(loss, [variable.value for variable in of.trainable_variables])

    functions = found.get_concrete_function().graph.as_graph_def().library.function
    kernels = [each.signature.name for each in functions if each.attr["_XlaMustCompile"].b]
    assert any("_forwards" in name for name in kernels)
    assert any("_backwards" in name for name in kernels)
    matrices = {
        number
        for number, weight in enumerate(layer.cell.trainable_variables)
        if "kernel" in weight.name and "gain" not in weight.name
    }
    assert matrices <= set(seen)


@pytest.mark.parametrize("changes", [{"bidirectional": True}, {"return_sequences": False}])
def test_also_backwards_and_with_the_last_step_alone(changes: dict[str, bool]) -> None:
    assert_alike(network("lstm", **changes))


def test_a_single_row_will_do() -> None:
    assert_alike(network("gru"), rows=1)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_dropout_is_what_kerass_own_loop_draws_on_both_ways(cell: str) -> None:
    ours, kerass = (
        outputs_and_gradients(network(cell, dropout=0.5, recurrent_dropout=0.5), compiled) for compiled in (True, False)
    )
    for one, other in zip(ours, kerass, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_layers_are_kerass_again_afterwards() -> None:
    of = network("gru", bidirectional=True)
    with compiled_loop.compiled(of):
        assert all("inner_loop" in vars(each) for each in layers.directions(of))
    assert not any("inner_loop" in vars(each) for each in layers.directions(of))
