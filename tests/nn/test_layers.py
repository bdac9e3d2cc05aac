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
def test_every_cell_stacks_in_both_directions(cell: Cell, bidirectional: bool) -> None:
    stack = [RecurrentLayer(cell=cell, units=units, bidirectional=bidirectional) for units in (5, 3)]
    network = window_model(2, model(*stack, dense=(4,)))
    assert network({"window": np.zeros((2, 7, 2), np.float32)}).shape == (2, 6)
    first, second = layers.recurrent_layers(network)
    assert first.output.shape == (None, 7, 5 * (1 + bidirectional))
    assert second.output.shape == (None, 3 * (1 + bidirectional))


def test_the_options_of_a_layer_reach_keras() -> None:
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


def test_models_differ_in_their_cell_alone() -> None:
    lstm, gru = (window_model(2, model(RecurrentLayer(cell=cell, units=5), dense=(4,))) for cell in ("lstm", "gru"))
    kinds = [[type(layer) for layer in network.layers] for network in (lstm, gru)]
    differing = [pair for pair in zip(*kinds, strict=True) if pair[0] is not pair[1]]
    assert differing == [(keras.layers.LSTM, keras.layers.GRU)]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("budget", [1_000, 20_000, 150_000])
def test_a_budget_is_met_within_two_percent(cell: Cell, budget: int) -> None:
    stack = [RecurrentLayer(cell=cell, units=50), RecurrentLayer(cell=cell, units=25)]
    network = window_model(4, model(*stack, parameters=budget))
    assert abs(network.count_params() - budget) <= 0.02 * budget
    first, second = layers.recurrent_layers(network)
    assert first.units == pytest.approx(2 * second.units, abs=6)


def test_a_budget_that_no_number_of_units_meets_is_an_error() -> None:
    with pytest.raises(ParameterError, match="no number of units gives a model of 40 parameters"):
        window_model(4, model(RecurrentLayer(cell="lstm", units=5), parameters=40))


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru", "vanilla", "layernorm"])
def test_a_sequence_read_in_pieces_gives_what_it_gives_as_a_whole(cell: Cell) -> None:
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
    assert not any("call" in vars(each) for each in layers.directions(network)), "the layers are as they were"


def test_a_language_model_must_not_read_backwards() -> None:
    layer = RecurrentLayer(cell="lstm", units=2, bidirectional=True)
    with pytest.raises(ParameterError, match="a bidirectional layer sees the token that is to be predicted"):
        layers.next_step_model(
            8, TokenModel(embedding=4, recurrent=(layer,), dense=(), dropout=0), NextToken(8), name="models of language"
        )
