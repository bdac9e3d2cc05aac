import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines import analysis
from pipelines.analysis import equations, gates
from pipelines.nn import cells, layers
from pipelines.nn.heads import Regression
from pipelines.params.blocks import Model, RecurrentLayer

L = keras.layers
BATCH, TIME, FEATURES, UNITS = 4, 6, 3, 5
LAYERS: dict[str, Callable[..., keras.Layer]] = {
    "lstm": lambda **k: L.LSTM(UNITS, **k),
    "lstm without bias": lambda **k: L.LSTM(UNITS, use_bias=False, **k),
    "lstm of relu": lambda **k: L.LSTM(UNITS, activation="relu", recurrent_activation="hard_sigmoid", **k),
    "gru": lambda **k: L.GRU(UNITS, **k),
    "gru without bias": lambda **k: L.GRU(UNITS, use_bias=False, **k),
    "gru, reset before": lambda **k: L.GRU(UNITS, reset_after=False, **k),
    "gru, reset before, without bias": lambda **k: L.GRU(UNITS, reset_after=False, use_bias=False, **k),
    "simple rnn": lambda **k: L.SimpleRNN(UNITS, **k),
    "simple rnn with dropout": lambda **k: L.SimpleRNN(UNITS, dropout=0.5, recurrent_dropout=0.5, **k),
    "lstm cell": lambda **k: L.RNN(L.LSTMCell(UNITS), **k),
    "gru cell": lambda **k: L.RNN(L.GRUCell(UNITS), **k),
    "simple rnn cell": lambda **k: L.RNN(L.SimpleRNNCell(UNITS), **k),
    "unrolled": lambda **k: L.GRU(UNITS, unroll=True, **k),
    "vanilla": lambda **k: L.RNN(cells.LSTMVariantCell(UNITS), **k),
    "fgr": lambda **k: L.RNN(cells.LSTMVariantCell(UNITS, "fgr"), **k),
    "mgu": lambda **k: L.RNN(cells.MinimalGatedUnitCell(UNITS), **k),
}
BLOCKS = {
    "lstm": ["input gate", "forget gate", "candidate", "output gate"],
    "gru": ["update gate", "reset gate", "candidate"],
}
every_layer = pytest.mark.parametrize("kind", LAYERS)
gated_layers = pytest.mark.parametrize("kind", ["lstm", "gru", "mgu"])


@pytest.fixture
def windows(random: np.random.Generator) -> np.ndarray:
    return random.normal(size=(BATCH, TIME, FEATURES)).astype(np.float32)


@pytest.fixture
def mask() -> np.ndarray:
    """Padded at the end, padded at the beginning, with a hole, and whole."""
    mask = np.ones((BATCH, TIME), bool)
    mask[0, 4:] = mask[1, :2] = mask[2, 3] = False
    return mask


def made(kind: str, wrapper: Callable[[keras.Layer], keras.Layer] = lambda layer: layer, **options: Any) -> keras.Layer:
    """A layer whose weights and biases differ from their initial values."""
    keras.utils.set_random_seed(3)
    layer = wrapper(LAYERS[kind](**{"return_sequences": True, **options}))
    layer.build((BATCH, TIME, FEATURES))
    random = np.random.default_rng(5)
    for weight in layer.weights:
        weight.assign_add(0.3 * random.normal(size=weight.shape))
    return layer


def same(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=1e-5, atol=1e-6)


# One layer


@every_layer
def test_trace_hidden_states_are_the_layers_output(kind: str, windows: np.ndarray) -> None:
    layer = made(kind)
    (traced,) = gates.trace(layer, windows)
    same(traced.hidden_state, layer(windows))
    assert traced.key == f"{layer.name}/forward"
    assert traced.mask is None
    assert 0 < traced.discrepancy < 2e-6
    assert all(values.shape == (BATCH, TIME, UNITS) for values in traced.gates.values())


@gated_layers
def test_trace_of_a_layer_that_goes_backwards_begins_with_the_last_step(kind: str, windows: np.ndarray) -> None:
    (forward,) = gates.trace(made(kind), windows[:, ::-1])
    (backward,) = gates.trace(made(kind, go_backwards=True), windows)
    assert backward.direction == "backward"
    for gate, values in backward.gates.items():
        np.testing.assert_array_equal(values, forward.gates[gate])


@every_layer
def test_trace_of_the_last_step_only_has_every_step(kind: str, windows: np.ndarray) -> None:
    last = made(kind, return_sequences=False, return_state=True)
    (traced,) = gates.trace(last, windows)
    output, *states = last(windows)
    same(traced.hidden_state[:, -1], output)
    if traced.cell_state is not None:
        same(traced.cell_state[:, -1], states[1])
    same(traced.hidden_state, gates.trace(made(kind), windows)[0].hidden_state)


@pytest.mark.parametrize("merge_mode", ["concat", "sum", None])
@gated_layers
def test_trace_of_a_bidirectional_layer_has_both_directions(
    kind: str, merge_mode: str | None, windows: np.ndarray
) -> None:
    layer = made(kind, lambda inner: L.Bidirectional(inner, merge_mode=merge_mode, name="both"))
    forward, backward = gates.trace(layer, windows)
    assert (forward.key, backward.key) == ("both/forward", "both/backward")
    pair = [forward.hidden_state, backward.hidden_state[:, ::-1]]
    output = layer(windows)
    if merge_mode == "concat":
        same(np.concatenate(pair, axis=-1), output)
    elif merge_mode == "sum":
        same(pair[0] + pair[1], output)
    else:
        same(pair[0], output[0])
        same(pair[1], output[1])


@pytest.mark.parametrize("kind", ["lstm", "gru", "lstm cell", "unrolled", "fgr"])
@pytest.mark.parametrize(
    "options", [{}, {"go_backwards": True}, {"return_sequences": False}, {"zero_output_for_mask": True}]
)
def test_trace_keeps_the_state_over_masked_steps(
    kind: str, options: dict[str, Any], windows: np.ndarray, mask: np.ndarray
) -> None:
    layer = made(kind, **options)
    (traced,) = gates.trace(layer, windows, mask=mask)
    valid = mask[:, ::-1] if layer.go_backwards else mask
    assert traced.mask is not None
    np.testing.assert_array_equal(traced.mask, valid)
    hidden, output = traced.hidden_state, np.asarray(layer(windows, mask=mask))
    if layer.return_sequences:
        same(hidden[valid], output[valid])
    else:
        same(hidden[:, -1], output)
    before = np.pad(hidden, ((0, 0), (1, 0), (0, 0)))[:, :-1]
    np.testing.assert_array_equal(hidden[~valid], before[~valid])
    for values in traced.gates.values():
        np.testing.assert_array_equal(np.isnan(values).any(-1), ~valid)
        np.testing.assert_array_equal(np.isnan(values).all(-1), ~valid)


@gated_layers
def test_trace_of_a_padded_row_is_that_of_the_row_alone(kind: str, windows: np.ndarray, mask: np.ndarray) -> None:
    layer = made(kind, lambda inner: L.Bidirectional(inner))
    for padded, alone in zip(gates.trace(layer, windows, mask=mask), gates.trace(layer, windows[:1, :4]), strict=True):
        assert padded.mask is not None
        for gate, values in alone.gates.items():
            same(padded.gates[gate][0][padded.mask[0]], values[0])


@pytest.mark.parametrize("kind", ["lstm", "gru", "gru cell", "fgr"])
def test_trace_starts_from_the_initial_state(kind: str, windows: np.ndarray) -> None:
    layer = made(kind, return_state=True)
    (whole,) = gates.trace(layer, windows)
    _, *states = layer(windows[:, :4])
    (rest,) = gates.trace(layer, windows[:, 4:], initial_state=states)
    same(rest.hidden_state, whole.hidden_state[:, 4:])
    for gate, values in rest.gates.items():
        same(values, whole.gates[gate][:, 4:])


def test_trace_leaves_a_stateful_layer_as_it_was(windows: np.ndarray) -> None:
    layer = made("lstm", stateful=True)
    layer(windows)
    before = [np.asarray(state) for state in layer.states]
    first, second = gates.trace(layer, windows)[0], gates.trace(layer, windows)[0]
    np.testing.assert_array_equal(first.hidden_state, second.hidden_state)
    np.testing.assert_array_equal([np.asarray(state) for state in layer.states], before)
    same(first.hidden_state, layer(windows))


@pytest.mark.parametrize("kind", BLOCKS)
def test_trace_names_gates_after_their_block_of_the_weights(kind: str, windows: np.ndarray) -> None:
    for block, name in enumerate(BLOCKS[kind]):
        layer = made(kind)
        bias = np.asarray(layer.cell.bias).copy()
        bias[..., block * UNITS : (block + 1) * UNITS] += 20
        layer.cell.bias.assign(bias)
        (traced,) = gates.trace(layer, windows)
        opened = [gate for gate, values in traced.gates.items() if values.min() > 0.99]
        assert opened == [name]


@gated_layers
def test_trace_gates_carry_the_memory_from_step_to_step(kind: str, windows: np.ndarray) -> None:
    (traced,) = gates.trace(made(kind), windows)
    assert traced.carry is not None
    written = traced.gates["input gate"] if kind == "lstm" else 1 - traced.carry
    memory = traced.carry[:, 1:] * traced.memory[:, :-1] + (written * traced.gates["candidate"])[:, 1:]
    same(memory, traced.memory[:, 1:])


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (L.Dense(2), "is not a recurrent layer"),
        (L.RNN([L.LSTMCell(2), L.LSTMCell(2)]), "the equations of its cell, StackedRNNCells, are not known"),
    ],
)
def test_trace_says_which_layers_it_cannot_trace(layer: keras.Layer, reason: str, windows: np.ndarray) -> None:
    with pytest.raises(gates.TraceError, match=reason):
        gates.trace(layer, windows)


def test_trace_of_masked_steps_only_is_an_error(windows: np.ndarray) -> None:
    with pytest.raises(gates.TraceError, match="every step is masked"):
        gates.trace(made("gru"), windows, mask=np.zeros((BATCH, TIME), bool))


def test_trace_of_states_that_overflow_is_an_error(windows: np.ndarray) -> None:
    layer = made("lstm of relu")
    layer.cell.recurrent_kernel.assign_add(np.full((UNITS, 4 * UNITS), 1e20))
    with pytest.raises(gates.TraceError, match="not finite"):
        gates.trace(layer, 100 * np.abs(windows))


# The check


def free_run(layer: keras.layers.RNN, sequence: np.ndarray) -> np.ndarray:
    """Hidden states of the equations in float64, starting from a zero state: (batch, time, units)."""
    cell = equations.of(layer.cell)
    assert cell is not None
    states = {name: np.zeros((len(sequence), layer.cell.units)) for name in cell.states}
    hidden = []
    for time in range(sequence.shape[1]):
        values = cell.step(sequence[:, time].astype(np.float64), *states.values())
        states = {name: values[name] for name in cell.states}
        hidden.append(values["hidden_state"])
    return np.stack(hidden, axis=1)


@pytest.mark.parametrize("cell", [L.GRU, L.LSTM])
def test_check_is_not_misled_by_rounding_that_accumulates(cell: type[keras.Layer], random: np.random.Generator) -> None:
    """Weights so large that the layer is chaotic (Laurent & von Brecht 2017): with any other rounding it diverges within 64 steps."""
    keras.utils.set_random_seed(3)
    layer = cell(200, return_sequences=True)
    windows = random.normal(size=(2, 64, 6)).astype(np.float32)
    layer.build(windows.shape)
    layer.cell.recurrent_kernel.assign(16 * layer.cell.recurrent_kernel)
    (traced,) = gates.trace(layer, windows)
    assert np.abs(free_run(layer, windows) - traced.hidden_state).max() > 0.1
    assert traced.discrepancy < 1e-5
    same(traced.hidden_state[:, :5], layer(windows)[:, :5])


TYPES = {"float16": 0.02, "mixed_float16": 0.02, "mixed_bfloat16": 0.2, "float32": 2e-5, "float64": 1e-13}


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("kind", ["lstm of relu", "gru", "vanilla"])
def test_check_allows_for_rounding_at_every_precision_and_scale(kind: str, dtype: str, windows: np.ndarray) -> None:
    layer = typed(kind, dtype)
    for scale in (1e-6, 1e-2, 1, 100):
        (traced,) = gates.trace(layer, scale * windows)
        assert traced.discrepancy < TYPES[dtype]


def typed(kind: str, dtype: str) -> keras.Layer:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        return made(kind)
    finally:
        keras.config.set_dtype_policy(before)


def changed(cell: Any, **changes: Any) -> Any:
    """What the equations read from a Keras cell, with some of it changed."""
    weights = {name: np.asarray(getattr(cell, name)) for name in ("kernel", "recurrent_kernel", "bias")}
    others = ("units", "activation", "recurrent_activation", "reset_after", "compute_dtype")
    return SimpleNamespace(**{**{name: getattr(cell, name, None) for name in others}, **weights, **changes})


def permuted(cell: Any, order: list[int]) -> Any:
    """The blocks of the weights in another order."""

    def permute(weight: Any) -> np.ndarray:
        blocks = np.split(np.asarray(weight), len(order), axis=-1)
        return np.concatenate([blocks[block] for block in order], axis=-1)

    return changed(cell, **{name: permute(getattr(cell, name)) for name in ("kernel", "recurrent_kernel", "bias")})


def negated(cell: Any, block: int) -> Any:
    """One gate is 1 minus what it should be."""
    signs = np.ones(cell.kernel.shape[-1])
    signs[block * UNITS : (block + 1) * UNITS] = -1
    return changed(
        cell, **{name: np.asarray(getattr(cell, name)) * signs for name in ("kernel", "recurrent_kernel", "bias")}
    )


def nudged(cell: Any, name: str) -> Any:
    """A single weight is off by 1e-3."""
    weight = np.asarray(getattr(cell, name)).copy()
    weight.flat[-1] += 1e-3
    return changed(cell, **{name: weight})


WRONG: dict[str, dict[str, Callable[[Any], Any]]] = {
    "lstm": {
        "input and forget gate swapped": lambda cell: permuted(cell, [1, 0, 2, 3]),
        "input and output gate swapped": lambda cell: permuted(cell, [3, 1, 2, 0]),
        "forget gate and candidate swapped": lambda cell: permuted(cell, [0, 2, 1, 3]),
        "1 - forget gate": lambda cell: negated(cell, 1),
    },
    "gru": {
        "update and reset gate swapped": lambda cell: permuted(cell, [1, 0, 2]),
        "reset gate and candidate swapped": lambda cell: permuted(cell, [0, 2, 1]),
        "1 - update gate": lambda cell: negated(cell, 0),
        "1 - reset gate": lambda cell: negated(cell, 1),
        "no bias of the state": lambda cell: changed(cell, bias=np.asarray(cell.bias) * [[1], [0]]),
        "biases swapped": lambda cell: changed(cell, bias=np.asarray(cell.bias)[::-1]),
        "reset before the product": lambda cell: changed(cell, reset_after=False),
    },
    "simple rnn": {},
}
ALWAYS_WRONG: dict[str, Callable[[Any], Any]] = {
    "no bias": lambda cell: changed(cell, bias=None),
    "another activation": lambda cell: changed(cell, activation=keras.activations.softsign),
    "weights of the state transposed": lambda cell: changed(
        cell,
        recurrent_kernel=np.concatenate(
            [block.T for block in np.split(np.asarray(cell.recurrent_kernel), cell.kernel.shape[-1] // UNITS, axis=-1)],
            axis=-1,
        ),
    ),
}
GATES_WRONG: dict[str, Callable[[Any], Any]] = {
    "another recurrent activation": lambda cell: changed(cell, recurrent_activation=keras.activations.hard_sigmoid)
}
KINDS = {"lstm": L.LSTMCell, "gru": L.GRUCell, "simple rnn": L.SimpleRNNCell}


def use(monkeypatch: pytest.MonkeyPatch, kind: str, wrong: Callable[[Any], Any]) -> None:
    right = equations.CELLS[KINDS[kind]]
    monkeypatch.setitem(equations.CELLS, KINDS[kind], lambda cell: right(wrong(cell)))


@pytest.mark.parametrize(
    ("kind", "mistake"),
    [
        (kind, mistake)
        for kind in WRONG
        for mistake in {**WRONG[kind], **ALWAYS_WRONG, **({} if kind == "simple rnn" else GATES_WRONG)}
    ],
)
def test_check_refuses_wrong_equations(
    kind: str, mistake: str, windows: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = made(kind)
    use(monkeypatch, kind, {**WRONG[kind], **ALWAYS_WRONG, **GATES_WRONG}[mistake])
    for scale in (0.01, 1, 30):
        with pytest.raises(gates.TraceError, match="times what rounding explains; its gates are not shown"):
            gates.trace(layer, scale * windows)


@pytest.mark.parametrize("kind", KINDS)
def test_check_refuses_wrong_equations_in_half_precision(
    kind: str, windows: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = typed(kind, "mixed_float16")
    for mistake in {**WRONG[kind], **ALWAYS_WRONG}.values():
        with monkeypatch.context() as patch:
            use(patch, kind, mistake)
            with pytest.raises(gates.TraceError, match="times what rounding explains"):
                gates.trace(layer, windows)


@pytest.mark.parametrize("weight", ["kernel", "recurrent_kernel", "bias"])
@pytest.mark.parametrize("kind", KINDS)
def test_check_refuses_a_single_weight_that_is_slightly_off(
    kind: str, weight: str, windows: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, kind, lambda cell: nudged(cell, weight))
    with pytest.raises(gates.TraceError, match="times what rounding explains"):
        gates.trace(made(kind), windows)


@pytest.mark.parametrize("kind", KINDS)
def test_check_accepts_the_equations_that_the_wrong_ones_are_made_from(
    kind: str, windows: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, kind, changed)
    gates.trace(made(kind), windows)


def test_check_refuses_a_cell_that_does_not_do_what_its_step_says(windows: np.ndarray) -> None:
    class Leaky(cells.MinimalGatedUnitCell):
        def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
            output, _ = super().call(inputs, states, training)
            return 0.999 * output, [0.999 * output]

    with pytest.raises(gates.TraceError, match="differs from the equations of Leaky"):
        gates.trace(L.RNN(Leaky(UNITS)), windows)


@pytest.mark.parametrize("return_sequences", [False, True])
def test_check_refuses_states_that_are_not_the_layers_output(return_sequences: bool, windows: np.ndarray) -> None:
    class Scaled(keras.layers.GRU):
        def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
            return 1.001 * super().call(sequences, initial_state, mask, training)

    with pytest.raises(gates.TraceError, match="its output is not the hidden state"):
        gates.trace(Scaled(UNITS, return_sequences=return_sequences), windows)


# A whole network


def keys(traced: gates.Traces) -> list[str]:
    return [trace.key for trace in traced.traces]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_trace_network_has_every_layer_in_order(bidirectional: bool, windows: np.ndarray) -> None:
    stack = tuple(RecurrentLayer(cell=cell, units=4, bidirectional=bidirectional) for cell in ("gru", "lstm"))
    options = Model(recurrent=stack, dense=(), dropout=0.0)
    network = layers.window_model(TIME, FEATURES, options, Regression(2, "mse"), "net")
    found = gates.trace_network(network, {"window": windows})
    names = ["gru_1_bidirectional", "lstm_2_bidirectional"] if bidirectional else ["gru_1", "lstm_2"]
    directions = ["forward", "backward"] if bidirectional else ["forward"]
    assert keys(found) == [f"{name}/{direction}" for name in names for direction in directions]
    assert not found.untraced
    assert [traced.cell for traced in found.traces[:: len(directions)]] == ["GRU", "LSTM"]


def test_trace_network_finds_the_states_that_a_decoder_starts_from(windows: np.ndarray) -> None:
    """Encoder and decoder (Sutskever et al. 2014), whose inputs are named and padded with zeros."""
    source, target = (
        keras.Input((None,), dtype="int32", name="source"),
        keras.Input((None,), dtype="int32", name="target"),
    )
    embedding = L.Embedding(7, 3, mask_zero=True)
    _, *states = L.LSTM(UNITS, return_state=True, name="encoder")(embedding(source))
    read = embedding(target)
    output = L.LSTM(UNITS, return_sequences=True, name="decoder")(
        read, initial_state=states, mask=embedding.compute_mask(target)
    )
    network = keras.Model({"source": source, "target": target}, output)
    inputs = {"source": np.array([[3, 4, 5, 0, 0], [1, 2, 3, 4, 5]]), "target": np.array([[1, 2, 3], [4, 5, 0]])}
    encoder, decoder = gates.trace_network(network, inputs).traces
    assert (encoder.layer, decoder.layer) == ("encoder", "decoder")
    np.testing.assert_array_equal(encoder.mask, inputs["source"] > 0)
    np.testing.assert_array_equal(decoder.mask, inputs["target"] > 0)
    same(decoder.hidden_state, network.predict_on_batch(inputs))
    assert encoder.cell_state is not None
    (alone,) = gates.trace(
        network.get_layer("decoder"), embedding(inputs["target"]),
        initial_state=[encoder.hidden_state[:, -1], encoder.cell_state[:, -1]], mask=inputs["target"] > 0,
    )  # fmt: skip
    same(decoder.gates["forget gate"], alone.gates["forget gate"])


class Block(keras.layers.Layer):
    """A custom layer that is not a model, and keeps a recurrent layer in a list."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.supports_masking = True
        self.parts = [L.GRU(UNITS, return_sequences=True, name="inner"), L.Dense(2)]

    def build(self, shape: Any) -> None:
        for part in self.parts:
            part.build(shape)
            shape = part.compute_output_shape(shape)

    def call(self, values: Any) -> Any:
        for part in self.parts:
            values = part(values)
        return values


def test_trace_network_looks_into_models_and_layers(windows: np.ndarray) -> None:
    encoder = keras.Sequential(
        [L.Masking(name="masking"), L.LSTM(UNITS, return_sequences=True, name="lstm")], name="encoder"
    )
    network = keras.Sequential(
        [encoder, Block(name="block"), L.Bidirectional(L.SimpleRNN(2), name="both")], name="whole"
    )
    windows[0, 4:] = 0
    network(windows)
    found = gates.trace_network(network, windows)
    assert keys(found) == ["encoder/lstm/forward", "block/inner/forward", "both/forward", "both/backward"]
    assert not found.untraced
    assert found.traces[0].mask is not None
    assert found.traces[0].mask.sum(1).tolist() == [4, 6, 6, 6]


def test_trace_network_has_a_trace_for_each_call(windows: np.ndarray) -> None:
    left, right = (keras.Input((TIME, FEATURES)) for _ in range(2))
    shared = L.GRU(UNITS, name="shared")
    network = keras.Model([left, right], L.Concatenate()([shared(left), shared(right)]))
    found = gates.trace_network(network, [windows, -windows])
    assert keys(found) == ["shared/call_1/forward", "shared/call_2/forward"]
    output = network.predict_on_batch([windows, -windows])
    for index, traced in enumerate(found.traces):
        same(traced.hidden_state[:, -1], output[:, index * UNITS : (index + 1) * UNITS])


def test_trace_network_has_a_trace_for_every_time_distributed_step(random: np.random.Generator) -> None:
    network = keras.Sequential(
        [keras.Input((2, TIME, FEATURES)), L.TimeDistributed(L.GRU(UNITS, name="gru"), name="wrapper")]
    )
    inputs = random.normal(size=(3, 2, TIME, FEATURES)).astype(np.float32)
    found = gates.trace_network(network, inputs)
    assert keys(found) == ["wrapper/gru/call_1/forward", "wrapper/gru/call_2/forward"]
    last = np.stack([traced.hidden_state[:, -1] for traced in found.traces], axis=1)
    same(last, network.predict_on_batch(inputs))


def test_trace_network_lists_the_layers_that_it_cannot_trace(
    windows: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(values: Any) -> Any:
        return keras.ops.cast(values, "float32") if values.dtype == "float32" else values.nothing

    sequence = keras.Input((TIME, FEATURES))
    hidden = L.RNN([L.LSTMCell(UNITS), L.GRUCell(UNITS)], return_sequences=True, name="stacked")(sequence)
    hidden = L.GRU(UNITS, return_sequences=True, name="refused")(hidden)
    hidden = L.SimpleRNN(UNITS, activation=broken, return_sequences=True, name="broken")(hidden)
    hidden = L.LSTM(UNITS, return_sequences=True, name="lstm")(hidden)
    image = L.Reshape((TIME, UNITS, 1, 1))(hidden)
    network = keras.Model(sequence, L.ConvLSTM2D(1, 1, name="conv")(image))
    use(monkeypatch, "gru", lambda cell: changed(cell, activation=keras.activations.softsign))
    found = gates.trace_network(network, windows)
    assert keys(found) == ["lstm/forward"]
    assert list(found.untraced) == ["stacked", "refused", "broken", "conv"]
    assert "StackedRNNCells" in found.untraced["stacked"]
    assert "rounding" in found.untraced["refused"]
    assert "nothing" in found.untraced["broken"]
    assert "ConvLSTMCell" in found.untraced["conv"]


def test_trace_network_says_which_layer_did_not_run(windows: np.ndarray) -> None:
    class Half(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.spare = L.GRU(UNITS, name="used"), L.GRU(UNITS, name="spare")

        def build(self, shape: Any) -> None:
            self.used.build(shape)
            self.spare.build(shape)

        def call(self, values: Any) -> Any:
            return self.used(values)

    found = gates.trace_network(Half(), windows)
    assert keys(found) == ["used/forward"]
    assert list(found.untraced) == ["spare"]


def test_trace_network_leaves_the_network_as_it_was(windows: np.ndarray) -> None:
    network = keras.Sequential([keras.Input((TIME, FEATURES)), L.Bidirectional(L.LSTM(UNITS)), L.Dense(1)])
    inner = network.layers[0].forward_layer
    before = network.predict_on_batch(windows)
    gates.trace_network(network, windows)
    assert "call" not in vars(inner) | vars(inner.cell)
    assert inner.use_cudnn == "auto"
    with pytest.raises(tf.errors.InvalidArgumentError, match="incompatible"):
        gates.trace_network(network, windows[..., :1])
    assert "call" not in vars(inner) | vars(inner.cell)
    np.testing.assert_array_equal(network.predict_on_batch(windows), before)


# Saturation


def test_saturation_counts_steps_per_unit() -> None:
    values = np.array([[[0.05, 0.5], [0.95, 0.5], [0.99, 0.05], [0.5, 0.5]]])
    traced = gates.Trace("l", "forward", "GRU", {"update gate": values, "candidate": values}, values, None)
    shares = gates.saturation(traced)
    assert list(shares) == ["update gate"]
    assert shares["update gate"]["closed"].tolist() == [0.25, 0.25]
    assert shares["update gate"]["open"].tolist() == [0.5, 0]


def test_saturation_does_not_count_masked_steps() -> None:
    values = np.array([[[0.05], [0.95], [0.99], [np.nan]], [[0.5], [np.nan], [np.nan], [np.nan]]])
    shares = gates.saturation(gates.Trace("l", "forward", "GRU", {"update gate": values}, values, None))
    assert shares["update gate"]["closed"].tolist() == [0.25]
    assert shares["update gate"]["open"].tolist() == [0.5]


# The package


def test_analysis_exports_the_trace() -> None:
    assert analysis.trace is gates.trace
    assert analysis.TraceError is gates.TraceError
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = analysis.nothing


def test_statistics_imports_no_tensorflow() -> None:
    code = "import sys, pipelines.analysis.statistics; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
