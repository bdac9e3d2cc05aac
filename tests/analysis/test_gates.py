"""What is traced of one layer: states, gates, masks; and the statistics of gates."""

import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from pipelines import analysis
from pipelines.analysis import gates
from tests.analysis.recurrent_layers import (
    BATCH,
    BLOCKS,
    TIME,
    UNITS,
    L,
    every_layer,
    gated_layers,
    made,
    same,
)
from tests.conftest import ROOT


@every_layer
def test_trace_hidden_states_are_the_layers_output(kind: str, windows: np.ndarray) -> None:
    layer = made(kind)
    (traced,) = gates.trace_layer(layer, windows)
    same(traced.hidden_state, layer(windows))
    assert traced.key == f"{layer.name}/forward"
    assert traced.mask is None
    assert 0 < traced.discrepancy < 2e-6
    assert all(values.shape == (BATCH, TIME, UNITS) for values in traced.gates.values())


@gated_layers
def test_trace_of_a_layer_that_goes_backwards_begins_with_the_last_step(kind: str, windows: np.ndarray) -> None:
    (forward,) = gates.trace_layer(made(kind), windows[:, ::-1])
    (backward,) = gates.trace_layer(made(kind, go_backwards=True), windows)
    assert backward.direction == "backward"
    for gate, values in backward.gates.items():
        np.testing.assert_array_equal(values, forward.gates[gate])


@every_layer
def test_trace_of_the_last_step_only_has_every_step(kind: str, windows: np.ndarray) -> None:
    last = made(kind, return_sequences=False, return_state=True)
    (traced,) = gates.trace_layer(last, windows)
    output, *states = last(windows)
    same(traced.hidden_state[:, -1], output)
    if traced.cell_state is not None:
        same(traced.cell_state[:, -1], states[1])
    same(traced.hidden_state, gates.trace_layer(made(kind), windows)[0].hidden_state)


@pytest.mark.parametrize("merge_mode", ["concat", "sum", None])
@gated_layers
def test_trace_of_a_bidirectional_layer_has_both_directions(
    kind: str, merge_mode: str | None, windows: np.ndarray
) -> None:
    layer = made(kind, lambda inner: L.Bidirectional(inner, merge_mode=merge_mode, name="both"))
    forward, backward = gates.trace_layer(layer, windows)
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
    (traced,) = gates.trace_layer(layer, windows, mask=mask)
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
    for padded, alone in zip(
        gates.trace_layer(layer, windows, mask=mask), gates.trace_layer(layer, windows[:1, :4]), strict=True
    ):
        assert padded.mask is not None
        for gate, values in alone.gates.items():
            same(padded.gates[gate][0][padded.mask[0]], values[0])


@pytest.mark.parametrize("kind", ["lstm", "gru", "gru cell", "fgr"])
def test_trace_starts_from_the_initial_state(kind: str, windows: np.ndarray) -> None:
    layer = made(kind, return_state=True)
    (whole,) = gates.trace_layer(layer, windows)
    _, *states = layer(windows[:, :4])
    (rest,) = gates.trace_layer(layer, windows[:, 4:], initial_state=states)
    same(rest.hidden_state, whole.hidden_state[:, 4:])
    for gate, values in rest.gates.items():
        same(values, whole.gates[gate][:, 4:])


def test_trace_leaves_a_stateful_layer_as_it_was(windows: np.ndarray) -> None:
    layer = made("lstm", stateful=True)
    layer(windows)
    before = [np.asarray(state) for state in layer.states]
    first, second = gates.trace_layer(layer, windows)[0], gates.trace_layer(layer, windows)[0]
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
        (traced,) = gates.trace_layer(layer, windows)
        opened = [gate for gate, values in traced.gates.items() if values.min() > 0.99]
        assert opened == [name]


@gated_layers
def test_trace_gates_carry_the_memory_from_step_to_step(kind: str, windows: np.ndarray) -> None:
    (traced,) = gates.trace_layer(made(kind), windows)
    assert traced.carry is not None
    written = traced.gates["input gate"] if kind == "lstm" else 1 - traced.carry
    memory = traced.carry[:, 1:] * traced.memory[:, :-1] + (written * traced.gates["candidate"])[:, 1:]
    same(memory, traced.memory[:, 1:])


def test_trace_says_what_is_not_a_recurrent_layer(windows: np.ndarray) -> None:
    with pytest.raises(gates.TraceError, match="is not a recurrent layer"):
        gates.trace_layer(L.Dense(2), windows)


def test_trace_of_stacked_cells_is_that_of_each_alone(windows: np.ndarray) -> None:
    below, above = L.LSTMCell(UNITS, name="below"), L.GRUCell(UNITS, name="above")
    stacked = gates.trace_layer(L.RNN([below, above], name="stack"), windows)
    assert [traced.layer for traced in stacked] == ["stack/1_below", "stack/2_above"]
    (first,) = gates.trace_layer(L.RNN(below), windows)
    (second,) = gates.trace_layer(L.RNN(above), first.hidden_state.astype(np.float32))
    same(stacked[0].gates["forget gate"], first.gates["forget gate"])
    same(stacked[1].gates["update gate"], second.gates["update gate"])


def test_trace_of_masked_steps_only_is_an_error(windows: np.ndarray) -> None:
    with pytest.raises(gates.TraceError, match="every step is masked"):
        gates.trace_layer(made("gru"), windows, mask=np.zeros((BATCH, TIME), bool))


def test_trace_of_states_that_overflow_is_an_error(windows: np.ndarray) -> None:
    layer = made("lstm of relu")
    layer.cell.recurrent_kernel.assign_add(np.full((UNITS, 4 * UNITS), 1e20))
    with pytest.raises(gates.TraceError, match="not finite"):
        gates.trace_layer(layer, 100 * np.abs(windows))


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


def test_example_in_contributing_traces_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(import keras\n.*?)```", text, re.DOTALL)
    assert code
    exec(code[1], {})
    printed = capsys.readouterr().out
    assert "reader/forward (5, 20, 8) (5, 20, 8)" in printed
    assert printed.endswith("{}\n")


def test_analysis_exports_the_trace() -> None:
    assert analysis.trace is gates.trace
    assert analysis.TraceError is gates.TraceError
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = analysis.nothing


def test_statistics_imports_no_tensorflow() -> None:
    code = "import sys, pipelines.analysis.statistics; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
