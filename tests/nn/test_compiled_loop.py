from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines.nn import compiled_loop, layers, private_api
from pipelines.nn.compiled_loop import Loop
from pipelines.params.blocks import RecurrentLayer
from pipelines.params.cells import CELLS

ALL_CELLS = list(CELLS)
UNITS = 4
MASK = np.array(
    [
        [1, 1, 1, 1, 1],
        [1, 1, 1, 0, 0],  # padded at the end
        [0, 0, 1, 1, 1],  # padded at the beginning
        [1, 0, 0, 1, 1],
        [0, 1, 0, 1, 0],
        [0, 0, 0, 0, 0],
    ],
    bool,
)
ROWS, STEPS = MASK.shape

pytestmark = pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="on a GPU nothing is compiled")


def recurrent(cell: str, return_sequences: bool = True, return_state: bool = False, **options: Any) -> keras.Layer:
    """One layer from the factory; attributes that the factory does not take are set afterwards."""
    attributes = {name: options.pop(name) for name in ("go_backwards", "zero_output_for_mask") if name in options}
    of_layer = RecurrentLayer.model_validate({"cell": cell, "units": UNITS, **options})
    layer = layers.layer(of_layer, return_sequences=return_sequences, name="recurrent", return_state=return_state)
    for name, value in attributes.items():
        setattr(layer, name, value)
    return layer


def network(layer: keras.Layer, masked: bool = False, with_states: bool = False) -> keras.Model:
    """A network of one layer, whose mask and initial states are inputs too."""
    inputs = {"sequence": keras.Input((None, 3), name="sequence")}
    options: dict[str, Any] = {}
    if masked:
        options["mask"] = inputs["mask"] = keras.Input((None,), dtype="bool", name="mask")
    if with_states:
        names = [f"state {index}" for index in range(len(layer.state_size))]
        inputs |= {name: keras.Input((UNITS,), name=name) for name in names}
        options["initial_state"] = [inputs[name] for name in names]
    return keras.Model(inputs, layer(inputs["sequence"], **options))


def random_inputs(of: keras.Model, steps: int = STEPS) -> dict[str, tf.Tensor]:
    """Masks as above, tokens from 0 to 5, everything else from a normal distribution; unknown lengths are `steps`."""
    random = np.random.default_rng(1)
    made = {}
    for tensor in of.inputs:
        shape = (ROWS, *(size or steps for size in tensor.shape[1:]))
        if tensor.dtype == "bool":
            made[tensor.name] = tf.constant(MASK[:, :steps])
        elif tensor.dtype == "int32":
            made[tensor.name] = tf.constant(random.integers(0, 6, shape), tf.int32)
        else:
            made[tensor.name] = tf.constant(random.normal(size=shape), tf.float32)
    return made


def step_of_training(
    of: keras.Model, loop: Loop, jit_compile: bool = True
) -> Callable[[dict[str, tf.Tensor]], list[tf.Tensor]]:
    """Inputs -> outputs, and the gradients of a loss with respect to all inputs and weights."""

    def step(inputs: dict[str, tf.Tensor]) -> list[tf.Tensor]:
        floating = [value for value in inputs.values() if value.dtype.is_floating]
        with tf.GradientTape() as tape, compiled_loop.compiled(of, loop, jit_compile):
            tape.watch(floating)
            outputs = keras.tree.flatten(of(inputs, training=True))
            loss = tf.add_n([tf.reduce_mean(tf.square(tf.cast(output, tf.float32) - 0.5)) for output in outputs])
        weights = [variable.value for variable in of.trainable_variables]
        gradients = tape.gradient(loss, [*floating, *weights], unconnected_gradients="zero")
        return [*outputs, *(tf.convert_to_tensor(gradient) for gradient in gradients)]

    return step


def traced(of: keras.Model, loop: Loop, jit_compile: bool = True) -> Any:
    """`step_of_training` as a TensorFlow function for batches of any length."""
    specs = {tensor.name: tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in of.inputs}
    return tf.function(step_of_training(of, loop, jit_compile), input_signature=[specs], autograph=False)


def assert_equals_keras(build: Callable[[], keras.Model], tolerance: float = 1e-5, jit_compile: bool = True) -> None:
    """Outputs and gradients equal those of the Keras loop, and every layer of the network was compiled."""
    results = []
    for loop in (Loop("XLA", "a test"), Loop("TensorFlow", "a test")):
        keras.utils.set_random_seed(1)
        of = build()
        step = traced(of, loop, jit_compile) if loop.name == "XLA" else step_of_training(of, loop)
        results.append([np.asarray(value, np.float64) for value in step(random_inputs(of))])
        assert loop.traced == (set(layers.directions(of)) if loop.name == "XLA" else set())
        assert not loop.fallbacks
    assert all(np.abs(value).max() > 0 for value in results[1])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("cell", ALL_CELLS)
def test_compiled_loop_equals_keras_for_every_cell_without_a_mask(cell: str) -> None:
    assert_equals_keras(lambda: network(recurrent(cell)))


@pytest.mark.parametrize("cell", ALL_CELLS)
def test_compiled_loop_equals_keras_for_every_cell_with_mask_and_initial_states(cell: str) -> None:
    # XLA takes seconds per cell, so it compiles one cell for every count of states.
    jit_compile = cell in ("gru", "lstm", "fgr")
    assert_equals_keras(
        lambda: network(recurrent(cell, return_state=True), masked=True, with_states=True), jit_compile=jit_compile
    )


@pytest.mark.parametrize(
    ("return_sequences", "zero_output_for_mask", "go_backwards"),
    [(True, True, False), (True, False, True), (False, True, True), (False, False, False)],
)
def test_compiled_loop_equals_keras_for_every_output_of_masked_steps(
    return_sequences: bool, zero_output_for_mask: bool, go_backwards: bool
) -> None:
    options = {"zero_output_for_mask": zero_output_for_mask, "go_backwards": go_backwards}
    assert_equals_keras(lambda: network(recurrent("simple_rnn", return_sequences, **options), masked=True))


@pytest.mark.parametrize(("masked", "return_sequences"), [(True, True), (True, False), (False, True)])
def test_compiled_loop_equals_keras_in_both_directions(masked: bool, return_sequences: bool) -> None:
    assert_equals_keras(lambda: network(recurrent("simple_rnn", return_sequences, bidirectional=True), masked=masked))


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_compiled_loop_equals_keras_with_dropout(cell: str) -> None:
    assert_equals_keras(lambda: network(recurrent(cell, dropout=0.5, recurrent_dropout=0.5), masked=cell == "gru"))


def test_compiled_loop_equals_keras_in_half_precision_with_a_mask() -> None:
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        assert_equals_keras(lambda: network(recurrent("gru"), masked=True), tolerance=5e-3)
    finally:
        keras.mixed_precision.set_global_policy("float32")


def test_compiled_loop_ignores_the_input_of_masked_steps() -> None:
    of = network(recurrent("simple_rnn", return_state=True), masked=True)
    inputs = random_inputs(of)
    step = traced(of, Loop("XLA", "a test"))
    junk = {**inputs, "sequence": tf.where(MASK[..., None], inputs["sequence"], 7.0)}
    for one, other in zip(step(inputs), step(junk), strict=True):
        np.testing.assert_array_equal(one, other)


def encoder_decoder() -> keras.Model:
    """Source and target are padded with 0; the decoder starts from the final state of the encoder."""
    tokens = {name: keras.Input((None,), dtype="int32", name=name) for name in ("source", "target")}
    embedding = keras.layers.Embedding(6, 3, mask_zero=True)
    encoder = keras.layers.Bidirectional(keras.layers.SimpleRNN(UNITS, return_state=True), name="encoder")
    _, *states = encoder(embedding(tokens["source"]))
    state = keras.layers.Dense(UNITS)(keras.layers.Concatenate()(states))
    decoder = keras.layers.GRU(UNITS, return_sequences=True, name="decoder")
    # Given initial states, Keras does not look up the mask itself.
    mask = embedding.compute_mask(tokens["target"])
    return keras.Model(tokens, decoder(embedding(tokens["target"]), initial_state=[state], mask=mask))


@keras.saving.register_keras_serializable("gatehouse tests")
class Reader(keras.layers.Layer):
    """A layer that has a recurrent layer inside."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.inner = keras.layers.SimpleRNN(UNITS, name="inner")

    def call(self, sequence: Any) -> Any:
        return self.inner(sequence)


def nested() -> keras.Model:
    """A nested model called twice, a model applied to every window, and a layer with a layer inside."""
    sequence = keras.Input((None, 3))
    shared = keras.Model(
        sequence, keras.layers.SimpleRNN(3, return_sequences=True, name="rnn")(sequence), name="shared"
    )
    window = keras.Input((None, 3))
    at_windows = keras.Model(window, keras.layers.SimpleRNN(3, name="rnn")(window), name="model")
    inputs = keras.Input((3, STEPS, 3), name="windows")
    hidden = keras.layers.TimeDistributed(at_windows, name="every")(inputs)
    return keras.Model({"windows": inputs}, Reader(name="reader")(shared(shared(hidden))))


@pytest.mark.parametrize("build", [encoder_decoder, nested])
def test_compiled_loop_equals_keras_for_nested_networks(build: Callable[[], keras.Model]) -> None:
    assert_equals_keras(build)


def kernels(step: Any) -> list[str]:
    functions = step.get_concrete_function().graph.as_graph_def().library.function
    return [function.signature.name for function in functions if function.attr["_XlaMustCompile"].b]


def test_compiled_loop_compiles_a_layer_once_for_all_its_calls() -> None:
    sequence = keras.Input((None, 3), name="sequence")
    layer = keras.layers.SimpleRNN(3, return_sequences=True)
    twice = keras.Model({"sequence": sequence}, layer(layer(sequence)))
    names = kernels(traced(twice, Loop("XLA", "a test")))
    assert len(names) == 2
    assert any("_forward" in name for name in names)
    assert any("_backward" in name for name in names)


@pytest.mark.parametrize("cell", ALL_CELLS)
def test_compiled_loop_computes_every_matrix_gradient_in_one_product(cell: str) -> None:
    layer = recurrent(cell)
    network(layer)
    unrolled = compiled_loop._Unrolled(layer.cell, training=True, repeats=False, jit_compile=True)
    with tf.Graph().as_default():
        assert unrolled.refusal(tf.zeros((STEPS, 1, 3)), *layer.get_initial_state(1)) is None
    matrices = {
        index
        for index, weight in enumerate(layer.cell.trainable_variables)
        if "kernel" in weight.name and "gain" not in weight.name
    }
    assert matrices <= set(unrolled.multiplied)


def test_compiled_loop_is_traced_once_for_all_lengths() -> None:
    of = network(recurrent("simple_rnn"), masked=True)
    step, in_keras = traced(of, Loop("XLA", "a test")), step_of_training(of, Loop("TensorFlow", "a test"))
    for steps in (1, 5, 1):
        inputs = random_inputs(of, steps)
        for ours, theirs in zip(step(inputs), in_keras(inputs), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
    assert step.experimental_get_tracing_count() == 1


def test_compiled_loop_restores_the_keras_loop_afterwards() -> None:
    of = network(recurrent("gru", bidirectional=True))
    with compiled_loop.compiled(of, Loop("XLA", "a test")):
        assert all("inner_loop" in vars(layer) for layer in layers.directions(of).values())
    assert not any("inner_loop" in vars(layer) for layer in layers.directions(of).values())


def test_compiled_loop_records_that_an_eager_call_ran_in_the_keras_loop() -> None:
    of, loop = network(recurrent("gru")), Loop("XLA", "no GPU")
    step_of_training(of, loop)(random_inputs(of))
    assert loop.record()["kernel"] == "TensorFlow"
    assert loop.record()["kernel_because"].startswith("no GPU; recurrent in Keras's own loop: called eagerly")


class AttentiveCell(keras.layers.Layer):
    """h' = tanh(x W + h + m): m is a tensor of the network around it."""

    def __init__(self) -> None:
        super().__init__()
        self.state_size = self.output_size = UNITS
        self.memory = 0.0

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.kernel = self.add_weight(shape=(shape[-1], UNITS), name="kernel")

    def call(self, inputs: Any, states: Any) -> Any:
        hidden = keras.ops.tanh(keras.ops.matmul(inputs, self.kernel) + states[0] + self.memory)
        return hidden, [hidden]


def test_compiled_loop_leaves_a_cell_that_reads_another_tensor_to_keras() -> None:
    cell = AttentiveCell()
    of = network(keras.layers.RNN(cell, name="own"))
    loop = Loop("XLA", "no GPU")

    @tf.function(autograph=False)
    def by_memory(memory: tf.Tensor) -> tf.Tensor:
        cell.memory = tf.identity(memory)
        with tf.GradientTape() as tape, compiled_loop.compiled(of, loop):
            tape.watch(cell.memory)
            loss = tf.reduce_sum(of(random_inputs(of)))
        return tape.gradient(loss, cell.memory)

    assert np.abs(by_memory(tf.ones((ROWS, UNITS)))).min() > 0
    assert loop.record()["kernel"] == "TensorFlow"
    assert "own in Keras's own loop: its cell reads" in loop.record()["kernel_because"]


def test_private_api_was_checked_with_the_installed_versions() -> None:
    installed = {"tensorflow": tf.__version__, "keras": keras.__version__}
    assert {name: ".".join(version.split(".")[:2]) for name, version in installed.items()} == private_api.SEEN_IN
