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
