"""Charts of what happens inside a network."""

from typing import Any

import numpy as np
import pytest

from pipelines.contract import GateRecord, LayerRecord
from pipelines.report import inside


@pytest.mark.parametrize(("direction", "times"), [("forward", [-1, 0]), ("backward", [0, -1])])
def test_gates_are_drawn_over_the_steps_that_were_read(direction: str, times: list[int]) -> None:
    values = np.full((2, 4, 3), 0.5, np.float32)
    values[0, 2:] = np.nan  # padding
    layer = LayerRecord(
        "lstm_1", direction, "lstm", "", 0.0, {"forget gate": GateRecord(values, None, None)}, None, 1.0
    )
    plot: Any = inside.gates_chart(layer, "label").plot
    assert list(plot.data[0].x) == times
    assert [len(row) for row in plot.data[0].z] == [2, 2, 2]
    second = plot.layout.updatemenus[0].buttons[1].args[0]
    assert len(second["x"][0]) == len(second["z"][0][0]) == 4


@pytest.mark.parametrize(
    ("direction", "most", "kept"), [("forward", 2, [2, 4]), ("backward", 2, [0, 1]), ("forward", None, [0, 1, 2, 4])]
)
def test_newest_are_the_last_steps_that_were_read_or_a_backward_layers_first(
    direction: str, most: int | None, kept: list[int]
) -> None:
    read = np.array([True, True, True, False, True])
    (found,) = inside.newest([read], direction, most)
    assert np.flatnonzero(found).tolist() == kept


def test_gates_of_some_units_and_steps_say_so() -> None:
    values = np.linspace(0, 1, 2 * 9 * 5, dtype=np.float32).reshape(2, 9, 5)
    layer = LayerRecord("lstm_1", "forward", "lstm", "", 0.0, {"forget gate": GateRecord(values)}, None, 1.0)
    chart = inside.gates_chart(layer, "label", most_units=3, most_steps=4)
    assert "of all 5 units" in chart.shows
    assert chart.shows.endswith("Drawn are 3 of them, evenly chosen. Drawn are the last 4 steps.")
    plot: Any = chart.plot
    assert [len(row) for row in plot.data[0].z] == [4, 4, 4]
    assert list(plot.data[0].x) == [-3, -2, -1, 0]
