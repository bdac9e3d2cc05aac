import keras
import numpy as np
import pytest

from pipelines.errors import ParameterError
from pipelines.nn import layers
from pipelines.nn.heads import NextToken, Regression
from pipelines.nn.inference import Stepper
from pipelines.params.blocks import Cell, Model, RecurrentLayer, TokenModel

CELLS: tuple[Cell, ...] = ("simple_rnn", "lstm", "gru")


def window_model(features: int, options: Model) -> keras.Model:
    return layers.window_model(7, features, options, Regression(6, "mse"), name="net")


def model(*stack: RecurrentLayer, dense: tuple[int, ...] = (), parameters: int | None = None) -> Model:
    return Model(recurrent=stack, dense=dense, dropout=0.1, parameters=parameters)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_window_model_stacks_every_cell_in_both_directions(cell: Cell, bidirectional: bool) -> None:
    stack = [RecurrentLayer(cell=cell, units=units, bidirectional=bidirectional) for units in (5, 3)]
    network = window_model(2, model(*stack, dense=(4,)))
    assert network({"window": np.zeros((2, 7, 2), np.float32)}).shape == (2, 6)
    first, second = layers.recurrent_layers(network).values()
    assert first.output.shape == (None, 7, 5 * (1 + bidirectional))
    assert second.output.shape == (None, 3 * (1 + bidirectional))


def test_layer_passes_its_options_to_keras() -> None:
    options = RecurrentLayer(
        cell="lstm",
        units=3,
        activation="relu",
        recurrent_activation="hard_sigmoid",
        dropout=0.2,
        recurrent_dropout=0.3,
    )
    config = layers.layer(options, return_sequences=True, name="layer").get_config()
    expected = {**options.model_dump(exclude={"cell", "bidirectional", "forget_bias"}), "return_sequences": True}
    assert {key: config[key] for key in expected} == expected


def test_window_model_of_another_cell_differs_only_in_the_recurrent_layer() -> None:
    lstm, gru = (window_model(2, model(RecurrentLayer(cell=cell, units=5), dense=(4,))) for cell in ("lstm", "gru"))
    kinds = [[type(layer) for layer in network.layers] for network in (lstm, gru)]
    differing = [pair for pair in zip(*kinds, strict=True) if pair[0] is not pair[1]]
    assert differing == [(keras.layers.LSTM, keras.layers.GRU)]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("budget", [1_000, 20_000, 150_000])
def test_window_model_meets_a_parameter_budget_within_two_percent(cell: Cell, budget: int) -> None:
    stack = [RecurrentLayer(cell=cell, units=50), RecurrentLayer(cell=cell, units=25)]
    network = window_model(4, model(*stack, parameters=budget))
    assert abs(network.count_params() - budget) <= 0.02 * budget
    first, second = layers.recurrent_layers(network).values()
    assert first.units == pytest.approx(2 * second.units, abs=6)


def test_window_model_refuses_an_impossible_parameter_budget() -> None:
    with pytest.raises(ParameterError, match="no number of units gives a model of 40 parameters"):
        window_model(4, model(RecurrentLayer(cell="lstm", units=5), parameters=40))


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru", "vanilla", "layernorm"])
def test_stepper_on_pieces_equals_the_network_on_the_whole_sequence(cell: Cell) -> None:
    stack = tuple(RecurrentLayer(cell=cell, units=units) for units in (5, 3))
    options = TokenModel(embedding=4, recurrent=stack, dense=(4,), dropout=0.3)
    network = layers.next_step_model(8, options, NextToken(8), name="net")
    stepper, states = Stepper(network), None
    tokens = np.arange(24).reshape(2, 12) % 8
    pieces = []
    for start in range(0, 12, 4):
        logits, states = stepper({"tokens": tokens[:, start : start + 4].astype(np.int32)}, states)
        pieces.append(logits)
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), network({"tokens": tokens}), atol=1e-6)
    assert layers.state_sizes(network) == [state.shape[1] for state in states or []]
    assert not any("call" in vars(layer) for layer in layers.directions(network).values()), "the layers are unchanged"


def test_next_step_model_refuses_a_bidirectional_layer() -> None:
    layer = RecurrentLayer(cell="lstm", units=2, bidirectional=True)
    with pytest.raises(ParameterError, match="a bidirectional layer sees the token that is to be predicted"):
        layers.next_step_model(
            8, TokenModel(embedding=4, recurrent=(layer,), dense=(), dropout=0), NextToken(8), name="models of language"
        )


class Reader(keras.layers.Layer):
    """A layer that has a recurrent layer inside."""

    def __init__(self) -> None:
        super().__init__(name="reader")
        self.inner = keras.layers.GRU(2, name="inner")

    def call(self, sequence: keras.KerasTensor) -> keras.KerasTensor:
        return self.inner(sequence)


def test_recurrent_layers_finds_nested_layers_by_path() -> None:
    sequence = keras.Input((None, 2))
    both = keras.layers.Bidirectional(keras.layers.LSTM(2, name="lstm"), name="both")
    encoder = keras.Model(sequence, both(sequence), name="encoder")
    windows = keras.Input((4, 5, 2))
    again = keras.layers.GRU(4, return_sequences=True, name="again")
    hidden = again(again(keras.layers.TimeDistributed(encoder, name="every")(windows)))
    network = keras.Model(windows, Reader()(hidden))
    assert layers.recurrent_layers(network) == {
        "every/encoder/both": both,
        "again": again,
        "reader/inner": network.layers[-1].inner,
    }
    assert list(layers.directions(network).items()) == [
        ("every/encoder/both/forward_lstm", both.forward_layer),
        ("every/encoder/both/backward_lstm", both.backward_layer),
        ("again", again),
        ("reader/inner", network.layers[-1].inner),
    ]
