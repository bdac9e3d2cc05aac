"""What is traced of whole networks."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines.analysis import gates
from pipelines.nn import layers
from pipelines.nn.heads import Regression
from pipelines.params.blocks import Model, RecurrentLayer
from tests.analysis.recurrent_layers import FEATURES, TIME, UNITS, L, same
from tests.analysis.test_gates_check import changed, use


def keys(traced: gates.Traces) -> list[str]:
    return [trace.key for trace in traced.traces]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_trace_has_every_layer_in_order(bidirectional: bool, windows: np.ndarray) -> None:
    stack = tuple(RecurrentLayer(cell=cell, units=4, bidirectional=bidirectional) for cell in ("gru", "lstm"))
    options = Model(recurrent=stack, dense=(), dropout=0.0)
    network = layers.window_model(TIME, FEATURES, options, Regression(2, "mse"), "net")
    found = gates.trace(network, {"window": windows})
    names = ["gru_1_bidirectional", "lstm_2_bidirectional"] if bidirectional else ["gru_1", "lstm_2"]
    directions = ["forward", "backward"] if bidirectional else ["forward"]
    assert keys(found) == [f"{name}/{direction}" for name in names for direction in directions]
    assert not found.untraced
    assert [traced.cell for traced in found.traces[:: len(directions)]] == ["GRU", "LSTM"]


def test_trace_finds_the_states_that_a_decoder_starts_from(windows: np.ndarray) -> None:
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
    encoder, decoder = gates.trace(network, inputs).traces
    assert (encoder.layer, decoder.layer) == ("encoder", "decoder")
    np.testing.assert_array_equal(encoder.mask, inputs["source"] > 0)
    np.testing.assert_array_equal(decoder.mask, inputs["target"] > 0)
    same(decoder.hidden_state, network.predict_on_batch(inputs))
    assert encoder.cell_state is not None
    (alone,) = gates.trace_layer(
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


def test_trace_looks_into_models_and_layers(windows: np.ndarray) -> None:
    encoder = keras.Sequential(
        [L.Masking(name="masking"), L.LSTM(UNITS, return_sequences=True, name="lstm")], name="encoder"
    )
    network = keras.Sequential(
        [encoder, Block(name="block"), L.Bidirectional(L.SimpleRNN(2), name="both")], name="whole"
    )
    windows[0, 4:] = 0
    network(windows)
    found = gates.trace(network, windows)
    assert keys(found) == ["encoder/lstm/forward", "block/inner/forward", "both/forward", "both/backward"]
    assert not found.untraced
    assert found.traces[0].mask is not None
    assert found.traces[0].mask.sum(1).tolist() == [4, 6, 6, 6]


def test_trace_has_a_trace_for_each_call(windows: np.ndarray) -> None:
    left, right = (keras.Input((TIME, FEATURES)) for _ in range(2))
    shared = L.GRU(UNITS, name="shared")
    network = keras.Model([left, right], L.Concatenate()([shared(left), shared(right)]))
    found = gates.trace(network, [windows, -windows])
    assert keys(found) == ["shared/call_1/forward", "shared/call_2/forward"]
    output = network.predict_on_batch([windows, -windows])
    for index, traced in enumerate(found.traces):
        same(traced.hidden_state[:, -1], output[:, index * UNITS : (index + 1) * UNITS])


def test_trace_has_a_trace_for_every_time_distributed_step(random: np.random.Generator) -> None:
    network = keras.Sequential(
        [keras.Input((2, TIME, FEATURES)), L.TimeDistributed(L.GRU(UNITS, name="gru"), name="wrapper")]
    )
    inputs = random.normal(size=(3, 2, TIME, FEATURES)).astype(np.float32)
    found = gates.trace(network, inputs)
    assert keys(found) == ["wrapper/gru/call_1/forward", "wrapper/gru/call_2/forward"]
    last = np.stack([traced.hidden_state[:, -1] for traced in found.traces], axis=1)
    same(last, network.predict_on_batch(inputs))


def test_trace_shows_the_states_of_layers_whose_gates_it_cannot_show(
    windows: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(values: Any) -> Any:
        return keras.ops.cast(values, "float32") if values.dtype == "float32" else values.nothing

    sequence = keras.Input((TIME, FEATURES))
    hidden = L.RNN(Leaky(UNITS), return_sequences=True, name="unknown")(sequence)
    hidden = L.GRU(UNITS, return_sequences=True, name="refused")(hidden)
    hidden = L.SimpleRNN(UNITS, activation=broken, return_sequences=True, name="broken")(hidden)
    hidden = L.LSTM(UNITS, return_sequences=True, name="lstm")(hidden)
    image = L.Reshape((TIME, UNITS, 1, 1))(hidden)
    network = keras.Model(sequence, L.ConvLSTM2D(1, 1, name="conv")(image))
    use(monkeypatch, "gru", lambda cell: changed(cell, activation=keras.activations.softsign))
    found = gates.trace(network, windows)
    assert keys(found) == ["unknown/forward", "refused/forward", "broken/forward", "lstm/forward"]
    assert [bool(traced.gates) for traced in found.traces] == [False, False, False, True]
    assert list(found.untraced) == ["unknown", "refused", "broken", "conv"]
    assert "its cell, Leaky, are not known" in found.untraced["unknown"]
    assert "rounding" in found.untraced["refused"]
    assert "nothing" in found.untraced["broken"]
    assert "no vectors" in found.untraced["conv"]
    for traced in found.traces[:3]:
        own = keras.Model(sequence, network.get_layer(traced.layer).output).predict_on_batch(windows)
        same(traced.hidden_state, own)


class Leaky(keras.layers.Layer):
    """A cell that the project does not know: its output is no state, and its second state counts steps."""

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(**options)
        self.state_size, self.output_size = [units, 1], units

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(shape=(shape[-1], self.output_size), name="kernel")

    def call(self, inputs: Any, states: Any) -> Any:
        memory = 0.5 * states[0] + keras.ops.matmul(inputs, self.kernel)
        return keras.ops.tanh(memory), [memory, states[1] + 1]


def test_trace_of_an_unknown_cell_has_its_states_at_unmasked_steps(windows: np.ndarray, mask: np.ndarray) -> None:
    sequence, valid = keras.Input((TIME, FEATURES)), keras.Input((TIME,), dtype="bool")
    layer = L.RNN(Leaky(UNITS), return_sequences=True)
    network = keras.Model([sequence, valid], layer(sequence, mask=valid))
    (traced,) = gates.trace(network, [windows, mask]).traces
    assert list(traced.other_states) == ["state 1", "state 2"]
    same(traced.other_states["state 2"][..., 0], mask.cumsum(1))
    same(np.tanh(traced.other_states["state 1"]), traced.hidden_state)
    same(traced.hidden_state[mask], network.predict_on_batch([windows, mask])[mask])


def test_trace_says_which_layer_did_not_run(windows: np.ndarray) -> None:
    class Half(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.spare = L.GRU(UNITS, name="used"), L.GRU(UNITS, name="spare")

        def build(self, shape: Any) -> None:
            self.used.build(shape)
            self.spare.build(shape)

        def call(self, values: Any) -> Any:
            return self.used(values)

    found = gates.trace(Half(), windows)
    assert keys(found) == ["used/forward"]
    assert list(found.untraced) == ["spare"]


def test_trace_leaves_the_network_as_it_was(windows: np.ndarray) -> None:
    network = keras.Sequential([keras.Input((TIME, FEATURES)), L.Bidirectional(L.LSTM(UNITS)), L.Dense(1)])
    inner = network.layers[0].forward_layer
    before = network.predict_on_batch(windows)
    gates.trace(network, windows)
    assert "call" not in vars(inner) | vars(inner.cell)
    assert inner.use_cudnn == "auto"
    with pytest.raises(tf.errors.InvalidArgumentError, match="incompatible"):
        gates.trace(network, windows[..., :1])
    assert "call" not in vars(inner) | vars(inner.cell)
    np.testing.assert_array_equal(network.predict_on_batch(windows), before)
