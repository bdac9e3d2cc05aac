import keras
import numpy as np
import pytest

from pipelines.contract import Batch
from pipelines.nn.datasets import FORECAST, NEXT, WINDOW
from pipelines.nn.heads import NextToken, Regression
from pipelines.params.blocks import Model, RecurrentLayer
from pipelines.tasks.memory.backpropagation import state_gradients
from pipelines.tasks.memory.data import Meta, Problem
from pipelines.tasks.memory.problems import draw
from pipelines.tasks.memory.train import build


def problem(name: str, time: int) -> Problem:
    copy = name == "copy"
    return Problem(
        features=["symbol"] if copy else ["number", "mark"], outputs=["x"], lookback=time, step="step", rows=1, splits={},
        groups=[0] * 10 if copy else [], problem=name, length=time, symbols=2, seed=1, examples=1, epochs=1, mean=0, std=1,
        solved_below=None,
    )  # fmt: skip


def of_one_layer(cell: str, units: int = 3) -> Model:
    return Model(recurrent=(RecurrentLayer(cell=cell, units=units),), dense=(), dropout=0.0)


def test_state_gradients_of_a_simple_rnn_are_the_product_of_its_jacobians(random: np.random.Generator) -> None:
    meta = Meta({"adding_010": problem("adding", 10)}, "")
    head = Regression(1, "mse")
    network = build(of_one_layer("simple_rnn"), meta, "adding_010", head)
    windows, sums = draw("adding_010", 2, 1, 0, np.arange(4))
    found = state_gradients(network, head, Batch({WINDOW: windows}, {FORECAST: sums}))
    kernel, recurrent, bias, out, out_bias = (np.asarray(weight, np.float64) for weight in network.get_weights())
    for example in range(4):
        states = [np.zeros(3)]
        for x in windows[example]:
            states.append(np.tanh(x @ kernel + states[-1] @ recurrent + bias))
        gradient = 2 * (states[-1] @ out + out_bias - sums[example]) @ out.T
        for step in reversed(range(10)):
            assert found[example, step] == pytest.approx(np.linalg.norm(gradient), rel=1e-3)
            gradient = recurrent @ (gradient * (1 - states[step + 1] ** 2))


@pytest.mark.parametrize("cell", ["lstm", "gru", "mgu", "cifg"])
def test_state_gradients_leave_out_no_step_of_a_sequence(cell: str) -> None:
    meta = Meta({"copy_005": problem("copy", 9)}, "")
    head = NextToken(10)
    network = build(of_one_layer(cell), meta, "copy_005", head)
    windows, asked = draw("copy_005", 2, 1, 0, np.arange(4))
    found = state_gradients(network, head, Batch({WINDOW: windows}, {NEXT: asked}))
    assert found.shape == (4, 9)
    assert (found > 0).all()


def test_state_gradients_read_the_network_as_it_is_called() -> None:
    """The loss that they begin with is the one of the whole network: its last gradient follows from the output layer."""
    meta = Meta({"adding_010": problem("adding", 10)}, "")
    head = Regression(1, "mse")
    network = build(of_one_layer("gru"), meta, "adding_010", head)
    windows, sums = draw("adding_010", 2, 1, 0, np.arange(3))
    found = state_gradients(network, head, Batch({WINDOW: windows}, {FORECAST: sums}))
    errors = keras.ops.convert_to_numpy(network({WINDOW: windows})) - sums
    slope = np.linalg.norm(np.asarray(network.get_layer("forecast").kernel))
    np.testing.assert_allclose(found[:, -1], 2 * np.abs(errors[:, 0]) * slope, rtol=1e-4)
