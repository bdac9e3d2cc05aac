import keras
import numpy as np
import pytest

from pipelines.analysis import gates
from pipelines.nn import layers
from pipelines.params.blocks import Activation, Cell, Model, RecurrentLayer

CELLS: tuple[Cell, ...] = ("simple_rnn", "lstm", "gru")


def network(*stack: RecurrentLayer) -> keras.Model:
    keras.utils.set_random_seed(3)
    return layers.window_model((9, 3), Model(recurrent=stack, dense=(), dropout=0.0), outputs=2, name="net")


@pytest.fixture
def windows(random: np.random.Generator) -> np.ndarray:
    return random.normal(size=(4, 9, 3)).astype(np.float32)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_recomputed_outputs_are_the_layers_own(cell: Cell, bidirectional: bool, windows: np.ndarray) -> None:
    stack = [RecurrentLayer(cell=cell, units=units, bidirectional=bidirectional) for units in (5, 4)]
    traces = gates.trace(network(*stack), windows)
    assert [(t.layer.split("_bi")[0], t.direction) for t in traces] == [
        (f"{cell}_{number}", direction)
        for number in (1, 2)
        for direction in (("forward", "backward") if bidirectional else ("forward",))
    ]
    assert max(t.discrepancy for t in traces) < 1e-5


@pytest.mark.parametrize("activation", ["relu", "linear", "hard_sigmoid"])
def test_other_activations_are_recomputed_too(activation: Activation, windows: np.ndarray) -> None:
    layer = RecurrentLayer(cell="lstm", units=4, activation=activation, recurrent_activation="hard_sigmoid")
    assert gates.trace(network(layer), windows)[0].discrepancy < 1e-5


def test_the_gates_obey_the_equations(windows: np.ndarray) -> None:
    (lstm,) = gates.trace(network(RecurrentLayer(cell="lstm", units=4)), windows)
    assert lstm.cell_state is not None
    g = lstm.gates
    np.testing.assert_allclose(
        lstm.cell_state[:, 1:],
        g["forget gate"][:, 1:] * lstm.cell_state[:, :-1] + g["input gate"][:, 1:] * g["candidate"][:, 1:],
    )
    (gru,) = gates.trace(network(RecurrentLayer(cell="gru", units=4)), windows)
    z = gru.gates["update gate"][:, 1:]
    np.testing.assert_allclose(
        gru.hidden_state[:, 1:], z * gru.hidden_state[:, :-1] + (1 - z) * gru.gates["candidate"][:, 1:]
    )


def test_a_wrong_recomputation_is_refused(windows: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    right = gates.CELLS["GRU"]

    def wrong(layer: keras.Layer, sequence: np.ndarray) -> dict[str, object]:
        traced = right(layer, sequence)
        return {**traced, "hidden_state": traced["hidden_state"] + 2e-4}

    monkeypatch.setitem(gates.CELLS, "GRU", wrong)
    with pytest.raises(gates.RecomputationError, match="not shown"):
        gates.trace(network(RecurrentLayer(cell="gru", units=4)), windows)


def test_saturation_counts_steps_per_unit() -> None:
    values = np.array([[[0.05, 0.5], [0.95, 0.5], [0.99, 0.05], [0.5, 0.5]]])
    traced = gates.Trace("l", "forward", "GRU", {"update gate": values, "candidate": values}, values, None)
    shares = gates.saturation(traced)
    assert list(shares) == ["update gate"]
    assert shares["update gate"]["closed"].tolist() == [0.25, 0.25]
    assert shares["update gate"]["open"].tolist() == [0.5, 0]
