"""Gates and states of the recurrent layers of any Keras model, with a check that they are the layer's own.

The network runs once, eagerly, and what each cell reads and computes at every step is recorded. From a layer's own input and
state before a step its equations give the gates and the next state, in float64; that next state is compared with the
layer's. No step starts from a recomputed state, so rounding cannot accumulate and one step shows whether an equation is wrong.
"""

from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines.analysis import equations
from pipelines.analysis.equations import Equations
from pipelines.analysis.recording import Call, recorded, recurrent

Array = NDArray[np.float64]
LIMIT = 32
"""A difference of up to this many times what `_rounding` expects counts as rounding.

At most 6 were measured in float16 to float64, with 1 to 512 units, up to 1000 steps, inputs of 1e-6 to 300 and bounded and
unbounded activations. In float32 a wrong equation (two gates swapped, 1 − z for z, a bias left out) makes 80 000 and more, and a
single weight that is off by 0.001 some hundreds. In float16 the numbers of mistakes are smaller by 8192, those of rounding are not.
"""
PRECISION = {
    "float16": (2.0**-10, 2.0**-14),
    "bfloat16": (2.0**-7, 2.0**-126),
    "float32": (2.0**-23, 2.0**-126),
    "float64": (2.0**-52, 2.0**-1022),
}
"""Distance from 1 to the next larger number, and the smallest normal number."""
ENOUGH = 256
"""Rows from which rounding is estimated; where there are fewer, they are repeated."""
STATES = ("hidden_state", "cell_state")
"""The values of a step that are states, not gates."""
CLOSED, OPEN = 0.1, 0.9
"""A gate below or above is saturated: its sigmoid is flat there, and lets little gradient through."""


class TraceError(Exception):
    """The gates of a layer cannot be shown; the message is a sentence that says why."""


@dataclass(frozen=True)
class Trace:
    """What happened inside one recurrent layer (one direction of it), in the order in which it read its input."""

    layer: str
    """Path in the network, such as `encoder/lstm_1`. If the layer was called n times, `/call_1` to `/call_n` follows."""
    direction: str
    """`forward` or `backward`; a backward layer's first step is the window's last."""
    cell: str
    gates: dict[str, Array]
    """Name -> (batch, time, units), NaN at masked steps. The candidate is not a gate, but is listed with them."""
    hidden_state: Array
    """(batch, time, units) after each step; at a masked step the layer keeps its state."""
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

    @property
    def memory(self) -> Array:
        """The state that holds information over time: the cell state where there is one."""
        return self.hidden_state if self.cell_state is None else self.cell_state

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


def trace(
    layer: keras.Layer, sequence: Any, initial_state: list[Any] | None = None, mask: NDArray[np.bool_] | None = None
) -> list[Trace]:
    """Trace one layer on its own input: one trace, or forward and backward for `Bidirectional`.

    `layer` is an LSTM, GRU or SimpleRNN, an `RNN` of one of their cells or of a `GatedCell`, or `Bidirectional` of these. `sequence`
    is (batch, time, features), `initial_state` the list of (batch, units) that the layer takes, `mask` (batch, time). Raise
    `TraceError` if the layer is of another kind, or if its states are not what the equations of its cell give.
    """
    inner_layers = list(recurrent(layer, layer.name))
    if not inner_layers:
        raise TraceError(f"{layer.name} is not a recurrent layer")
    with recorded(inner for _, inner in inner_layers) as calls:
        layer(sequence, initial_state=initial_state, mask=mask)
    return [_trace(path, inner, call) for path, inner in inner_layers for call in calls[id(inner)]]


def trace_network(network: keras.Model, inputs: Any) -> Traces:
    """Trace every recurrent layer of `network`, also in nested models and wrappers, while the network reads `inputs`.

    `inputs` is what the network takes: an array, a list or a dictionary of them. Each layer gets the sequence, the initial
    state and the mask that the network gives it; a layer that is called several times has a trace for each call. A layer
    that cannot be traced is listed in `untraced`; the others are still traced.
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
            name = path if len(layer_calls) == 1 else f"{path}/call_{index}"
            try:
                traces.append(_trace(name, layer, call))
            except Exception as error:  # whatever is wrong with one layer, the others can be shown
                untraced[name] = str(error) if isinstance(error, TraceError) else f"{name} failed with {error!r}"
    return Traces(traces, untraced)


def _trace(name: str, layer: keras.layers.RNN, call: Call) -> Trace:
    """The trace of one recorded call, checked."""
    direction = "backward" if layer.go_backwards else "forward"
    key = f"{name}/{direction}"
    cell = equations.of(layer.cell)
    if cell is None:
        raise TraceError(f"{key}: the equations of its cell, {type(layer.cell).__name__}, are not known")
    if not call.complete:
        raise TraceError(f"{key}: its cell was not called at every step")
    read, after = call.arrays()
    valid = np.ones(read[0].shape[:2], bool) if call.mask is None else call.mask
    if not valid.any():
        raise TraceError(f"{key}: every step is masked")
    rows, own = [array[valid] for array in read], [array[valid] for array in after]
    if not all(np.isfinite(array).all() for array in (*rows, *own)):
        raise TraceError(f"{key}: its input or its states are not finite")
    pairs = zip(cell.states, read[1:], after, strict=True)
    states = {state: np.where(valid[..., None], new, old) for state, old, new in pairs}
    _check_output(key, layer, call.output, states[cell.states[0]], valid)
    values = cell.step(*rows)
    discrepancy = _check_step(key, cell, rows, values, own, layer.cell.compute_dtype)
    gates = {gate: _at_valid_steps(array, valid) for gate, array in values.items() if gate not in STATES}
    return Trace(
        layer=name,
        direction=direction,
        cell=cell.cell,
        carry=gates.pop("carry", None),
        gates=gates,
        hidden_state=states["hidden_state"],
        cell_state=states.get("cell_state"),
        reading=cell.reading,
        discrepancy=discrepancy,
        mask=None if valid.all() else valid,
    )


def _check_output(key: str, layer: keras.layers.RNN, output: Array, hidden: Array, valid: NDArray[np.bool_]) -> None:
    """Raise `TraceError` if the recorded hidden states are not the layer's output, to the last digit."""
    if layer.return_sequences:
        hidden, output = hidden[valid], output[valid]  # Keras repeats or zeroes the output at masked steps
    else:
        rows = valid[:, -1] if layer.zero_output_for_mask else valid.any(1)
        hidden, output = hidden[rows, -1], output[rows]
    epsilon, tiny = PRECISION[layer.compute_dtype]
    if hidden.shape != output.shape or not (np.abs(hidden - output) <= epsilon * np.abs(hidden) + tiny).all():
        raise TraceError(f"{key}: its output is not the hidden state of its cell")


def _check_step(
    key: str, cell: Equations, rows: list[Array], values: dict[str, Array], after: list[Array], dtype: str
) -> float:
    """The `discrepancy` of the states in `values`; raise `TraceError` if for any unit it is more than rounding explains."""
    epsilon, tiny = PRECISION[dtype]
    rounding = _rounding(cell, rows, values, epsilon)
    discrepancy = 0.0
    for state, own in zip(cell.states, after, strict=True):
        error, largest = np.abs(values[state] - own).max(0), np.abs(own).max(0)
        excess = (error / (rounding[state] + epsilon * largest + tiny)).max()
        if not excess <= LIMIT:
            raise TraceError(
                f"{key}: a step of its {state.replace('_', ' ')} differs from the equations of {cell.cell} by {error.max():.1e}, "
                f"{excess:.0f} times what rounding explains; its gates are not shown"
            )
        discrepancy = max(discrepancy, float(error.max() / (largest.max() + tiny)))
    return discrepancy


def _rounding(cell: Equations, rows: list[Array], values: dict[str, Array], epsilon: float) -> dict[str, Array]:
    """How far each state moves over one step, (units,), when the input and the states before it move by `epsilon` of themselves.

    A scalar product in floating point is the exact one of numbers that differ in their last digits (Higham 2002, section 3.1).
    Here they differ at random, each number by itself and all of a row together.
    """
    random = np.random.default_rng(0)
    repeats = -(-ENOUGH // len(rows[0]))
    moved = []
    for array in rows:
        array = np.repeat(array, repeats, axis=0)
        noise = random.standard_normal(array.shape) + random.standard_normal((len(array), 1))
        moved.append(array * (1 + epsilon * noise))
    result = cell.step(*moved)
    return {state: np.abs(result[state] - np.repeat(values[state], repeats, axis=0)).max(0) for state in cell.states}


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
