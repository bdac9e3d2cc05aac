"""Gates and states of the recurrent layers of any Keras model, with a check that they are the layer's own.

The network runs once, eagerly, and what each cell reads and computes at every step is recorded. From a layer's own input and
state before a step its equations give the gates and the next state, in float64; that next state is compared with the
layer's. No step starts from a recomputed state, so rounding cannot accumulate and one step shows whether an equation is wrong.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines.analysis import check, equations
from pipelines.analysis.check import TraceError as TraceError  # a part of what `gates` offers
from pipelines.analysis.recording import Call, cells, recorded, recurrent

Array = NDArray[np.float64]
STATES = HIDDEN, CELL = ("hidden_state", "cell_state")
"""The values of a step that are states, not gates."""
CLOSED, OPEN = 0.1, 0.9
"""A gate below or above is saturated: its sigmoid is flat there, and lets little gradient through."""


@dataclass(frozen=True)
class Trace:
    """What happened inside one recurrent layer (one direction of it), in the order in which it read its input."""

    layer: str
    """Path in the network, such as `encoder/lstm_1`. If the layer was called n times, `/call_1` to `/call_n` follows; then, if its cells
    are stacked, the cell: `/1_lstm_cell`."""
    direction: str
    """`forward` or `backward`; a backward layer's first step is the window's last."""
    cell: str
    gates: dict[str, Array]
    """Name -> (batch, time, units), NaN at masked steps. The candidate is not a gate, but is listed with them. Empty for a cell without
    gates, or one whose gates cannot be shown: `Traces.untraced` says why."""
    hidden_state: Array
    """(batch, time, units) after each step; at a masked step the layer keeps its state. The output of the cell."""
    cell_state: Array | None
    """(batch, time, units); None for cells whose only memory is the hidden state."""
    carry: Array | None = None
    """How much of the old memory each unit keeps at each step (batch, time, units), if a gate decides it; NaN at masked steps."""
    reading: str = ""
    """How to read the gates of this cell."""
    discrepancy: float = field(default=0.0)
    """Largest difference between a state recomputed over one step and the layer's own, relative to the largest state."""
    mask: NDArray[np.bool_] | None = None
    """(batch, time), False at masked steps; None if no step is masked."""
    other_states: dict[str, Array] = field(default_factory=dict)
    """The other states of a cell whose equations are not known, `state 1` and so on: (batch, time, size) each."""

    @property
    def memory(self) -> Array:
        """The state that holds information over time: the cell state where there is one."""
        return self.hidden_state if self.cell_state is None else self.cell_state

    @property
    def name(self) -> str:
        """For headings."""
        return self.layer if self.direction == "forward" else f"{self.layer}, backward"

    @property
    def key(self) -> str:
        """Name in stored arrays."""
        return f"{self.layer}/{self.direction}"


@dataclass(frozen=True)
class Traces:
    """The recurrent layers of a network."""

    traces: list[Trace]
    untraced: dict[str, str]
    """Path of a layer -> why its gates cannot be shown, in one sentence."""


def trace(network: keras.Layer, inputs: Any) -> Traces:
    """Gates and states of every recurrent layer of a Keras model, also in nested models and wrappers, while it reads `inputs`.

    `network` is any built model, trained anywhere; `inputs` is what it takes: an array, a list or a dictionary of them. Each layer
    gets the sequence, the initial state and the mask that the network gives it; a layer that is called several times has a trace for each
    call. A layer whose gates cannot be shown is in `untraced` with the reason, and its states are still traced if the network runs its
    cell step by step. The network is left as it was, the states of stateful layers included.

    ```python
    from pipelines.analysis import trace

    model = keras.saving.load_model("model.keras")
    for layer in trace(model, windows).traces:
        print(layer.key, layer.gates["forget gate"].mean((0, 1)))  # (batch, time, units) -> (units,)
    ```
    """
    traces: list[Trace] = []
    untraced: dict[str, str] = {}
    inner_layers = list(recurrent(network, ""))
    with recorded(layer for _, layer in inner_layers) as calls:
        network(inputs)
    for path, layer in inner_layers:
        layer_calls = calls.pop(id(layer))
        if not layer_calls:
            untraced[path] = f"{path} did not run, or not eagerly, when the network read these inputs"
        for index, call in enumerate(layer_calls, start=1):
            for part, cell in cells(layer):
                name = f"{path}{part}" if len(layer_calls) == 1 else f"{path}/call_{index}{part}"
                try:
                    traces.append(_states(name, layer, cell, call))
                    traces[-1] = _with_gates(traces[-1], layer, cell, call)
                except Exception as error:  # whatever is wrong with one layer, the others can be shown
                    untraced[name] = str(error) if isinstance(error, TraceError) else f"{name} failed with {error!r}"
    return Traces(traces, untraced)


def trace_layer(
    layer: keras.Layer, sequence: Any, initial_state: list[Any] | None = None, mask: NDArray[np.bool_] | None = None
) -> list[Trace]:
    """Trace one layer on its own input: one trace, or forward and backward for `Bidirectional`, or one a cell of a stack.

    `layer` is an LSTM, GRU or SimpleRNN, an `RNN` of one of their cells or of a `GatedCell`, or `Bidirectional` of these. `sequence`
    is (batch, time, features), `initial_state` the list of (batch, units) that the layer takes, `mask` (batch, time). Raise
    `TraceError` if the layer is of another kind, or if its states are not what the equations of its cell give.
    """
    inner_layers = list(recurrent(layer, layer.name))
    if not inner_layers:
        raise TraceError(f"{layer.name} is not a recurrent layer")
    with recorded(inner for _, inner in inner_layers) as calls:
        layer(sequence, initial_state=initial_state, mask=mask)
    return [
        _with_gates(_states(f"{path}{part}", inner, cell, call), inner, cell, call)
        for path, inner in inner_layers
        for call in calls[id(inner)]
        for part, cell in cells(inner)
    ]


def _states(name: str, layer: keras.layers.RNN, cell: Any, call: Call) -> Trace:
    """The trace of one recorded call without its gates: what the layer itself computed, whatever its equations."""
    direction = "backward" if layer.go_backwards else "forward"
    key = f"{name}/{direction}"
    if not call.complete(cell):
        raise TraceError(f"{key}: its cell was not called at every step")
    read, output, after = call.arrays(cell)
    before = read[1:]
    if output.ndim != 3:
        raise TraceError(
            f"{key}: the states of its cell, {type(cell).__name__}, are no vectors but of the shape {output.shape[2:]} at each step"
        )
    valid = np.ones(output.shape[:2], bool) if call.mask is None else call.mask
    if not valid.any():
        raise TraceError(f"{key}: every step is masked")
    if not all(np.isfinite(array[valid]).all() for array in (*read, output, *after)):
        raise TraceError(f"{key}: its input or its states are not finite")
    known = equations.states_of(cell)
    names = known or [f"state {index}" for index in range(1, len(after) + 1)]
    pairs = zip(names, before, after, strict=True)
    states = {state: np.where(valid[..., None], new, old) for state, old, new in pairs if new.ndim == 3}
    hidden = states.pop(HIDDEN) if known else _held(output, valid)
    return Trace(
        layer=name,
        direction=direction,
        cell=type(cell).__name__.removesuffix("Cell"),
        gates={},
        hidden_state=hidden,
        cell_state=states.pop(CELL, None),
        other_states={state: values for state, values in states.items() if not np.array_equal(values, hidden)},
        mask=None if valid.all() else valid,
    )


def _held(output: Array, valid: NDArray[np.bool_]) -> Array:
    """The output of a cell, at masked steps that of the last step before, or zeros."""
    last = np.maximum.accumulate(np.where(valid, np.arange(valid.shape[1]), -1), axis=1)[..., None]
    return np.where(last < 0, 0.0, np.take_along_axis(output, last.clip(0), axis=1))


def _with_gates(traced: Trace, layer: keras.layers.RNN, cell: Any, call: Call) -> Trace:
    """The trace with the gates that the equations of its cell give, checked."""
    known = equations.of(cell)
    if known is None:
        raise TraceError(f"{traced.key}: the equations of its cell, {type(cell).__name__}, are not known")
    read, _, after = call.arrays(cell)
    valid = np.ones(read[0].shape[:2], bool) if traced.mask is None else traced.mask
    if cell is cells(layer)[-1][1]:
        check.output(traced.key, layer, call.output, traced.hidden_state, valid)
    rows, own = [array[valid] for array in read], [array[valid] for array in after]
    values = known.step(*rows)
    discrepancy = check.step(traced.key, known, rows, values, own, cell.compute_dtype)
    gates = {gate: _at_valid_steps(array, valid) for gate, array in values.items() if gate not in STATES}
    return replace(
        traced,
        cell=known.cell,
        carry=gates.pop("carry", None),
        gates=gates,
        other_states={},
        reading=known.reading,
        discrepancy=discrepancy,
    )


def _at_valid_steps(rows: Array, valid: NDArray[np.bool_]) -> Array:
    """(valid steps, units) -> (batch, time, units), NaN elsewhere."""
    full = np.full((*valid.shape, rows.shape[-1]), np.nan)
    full[valid] = rows
    return full


def saturation(traced: Trace) -> dict[str, dict[str, Array]]:
    """For each gate (not the candidate): share of steps below 0.1 and above 0.9, per unit; masked steps do not count."""
    shares = {}
    for name, values in traced.gates.items():
        if name != "candidate":
            steps = (~np.isnan(values)).sum((0, 1))
            shares[name] = {
                "closed": (values < CLOSED).sum((0, 1)) / steps,
                "open": (values > OPEN).sum((0, 1)) / steps,
            }
    return shares


def of_row(traced: Trace, row: int, steps: slice | NDArray[np.bool_]) -> dict[str, Array]:
    """Gates and memory of one sequence at some steps of its input, (units, steps) each, in the order of the input."""
    arrays = {what: values[row] for what, values in {**traced.gates, "memory": traced.memory}.items()}
    if traced.direction == "backward":
        arrays = {what: values[::-1] for what, values in arrays.items()}
    return {f"{traced.name}: {what}": values[steps].T.astype(np.float16) for what, values in arrays.items()}
