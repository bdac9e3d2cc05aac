from typing import Any

import numpy as np
import pytest

from pipelines.analysis import microscope
from pipelines.analysis.gates import Trace
from pipelines.contract import Indices
from pipelines.nn.datasets import TOKENS, Tokens


def trace(memory: np.ndarray, direction: str = "forward", mask: np.ndarray | None = None) -> Trace:
    """An LSTM whose gates are all the same number, in the order in which it read."""
    valid = np.ones(memory.shape[:2], bool) if mask is None else mask
    gate = np.where(valid[..., None], 0.25, np.nan) * np.ones(memory.shape)
    gates = {"input gate": gate, "forget gate": gate, "output gate": gate, "candidate": gate - 1}
    return Trace("lstm", direction, "LSTM", gates, np.tanh(memory), memory, carry=gate, mask=mask)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 40.0])
def test_bytes_are_off_by_at_most_half_a_level(random: np.random.Generator, scale: float) -> None:
    values = scale * random.normal(size=(2, 30, 5))
    values[1, 20:] = np.nan
    coded = microscope.quantised(values)
    error = np.abs(microscope.restored(coded) - values)
    assert (np.isnan(error) == np.isnan(values)).all()
    bound = (coded.high - coded.low) / 508
    assert (np.nanmax(error, axis=(0, 1)) <= bound * 1.001).all()


def test_gates_keep_the_range_from_0_to_1_and_zero_stays_zero() -> None:
    gates = microscope.quantised(np.array([[[0.2], [0.4]]]))
    assert (gates.low.tolist(), gates.high.tolist()) == ([0], [1])
    states = microscope.quantised(np.array([[[0.0], [-3.0]]]))
    assert microscope.restored(states)[0, 0, 0] == 0
    assert states.high.tolist() == [3]


def test_layers_are_in_the_order_of_the_input_in_both_directions(random: np.random.Generator) -> None:
    memory = random.normal(size=(3, 6, 4))
    mask = np.ones((3, 6), bool)
    mask[1, 4:] = False
    whole, further = np.array([0, 1]), np.array([2])
    forward, backward = microscope.layers(
        [trace(memory, mask=mask), trace(memory[:, ::-1], "backward", mask[:, ::-1])], whole, further
    )
    for one, other in ((forward, backward), (backward, forward)):
        np.testing.assert_array_equal(one.states["cell_state"].levels, other.states["cell_state"].levels)
    assert forward.steps.tolist() == backward.steps.tolist() == [6, 4]
    restored = microscope.restored(backward.states["cell_state"])
    np.testing.assert_allclose(restored[0], memory[0], atol=0.03)
    assert np.isnan(restored[1, 4:]).all()
    assert np.isnan(microscope.restored(backward.gates["forget gate"])[1, 4:]).all()


def test_layers_keep_within_the_budget_the_units_that_vary_most(random: np.random.Generator) -> None:
    spread = 1.1 ** random.permutation(300)
    layers = microscope.layers([trace(random.normal(size=(6, 450, 300)) * spread)], np.arange(4), np.arange(4, 6))
    (layer,) = layers
    arrays = [*layer.gates.values(), *layer.states.values()]
    assert sum(array.levels.size for array in arrays) <= microscope.BYTES
    assert layer.further.levels.size <= microscope.FURTHER_BYTES
    assert layer.all_steps.tolist() == [450] * 4
    assert max(layer.steps) <= microscope.STEPS
    assert layer.all_units == 300
    assert sorted(spread[layer.units]) == sorted(spread)[-len(layer.units) :]
    assert len(layer.gate_time_constants) == len(layer.units)  # type: ignore[arg-type]


def test_layers_need_no_further_sequences(random: np.random.Generator) -> None:
    (layer,) = microscope.layers([trace(random.normal(size=(1, 6, 4)))], np.arange(1), np.arange(0))
    assert layer.further.levels.shape[0] == len(layer.further_steps) == 0


class Windows:
    """Examples that have nothing to do with each other."""

    streams = False

    def __len__(self) -> int:
        return 100


def rows_of(dataset: Any, candidates: Indices) -> tuple[list[list[int]], list[list[int]]]:
    whole, further = microscope.chosen(dataset, candidates, 3)
    return [row.tolist() for row in whole], [row.tolist() for row in further]


def test_chosen_windows_are_spread_over_the_candidates() -> None:
    whole, further = rows_of(Windows(), np.arange(0, 100, 2))
    assert whole[0] == [0]
    assert whole[-1] == [98]
    assert len(whole) == 3
    assert len(further) == microscope.FURTHER
    assert not {row for (row,) in whole} & {row for (row,) in further}


def test_chosen_examples_that_follow_each_other_are_joined() -> None:
    dataset = Tokens(np.arange(10_001), 100)
    whole, _ = rows_of(dataset, np.arange(100))
    assert whole[0] == [0, 1, 2]
    inputs = microscope.inputs_of(dataset, [np.array(rows) for rows in whole])
    np.testing.assert_array_equal(inputs[TOKENS][0], np.arange(300))


def test_chosen_of_a_single_candidate_is_that_one() -> None:
    assert rows_of(Windows(), np.array([4])) == ([[4]], [])
