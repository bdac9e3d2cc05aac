"""Gate activations, recomputed step by step from a layer's weights and held against the layer's own output."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines.nn.cells import GatedCell
from pipelines.nn.layers import recurrent_layers, sequence_of

Array = NDArray[np.float64]
LIMIT = 1e-4
"""Largest difference between the recomputed and the layer's own output that is taken for the same computation."""
CLOSED, OPEN = 0.1, 0.9
"""A gate below or above is saturated: its sigmoid is flat there, and lets little gradient through."""


class RecomputationError(Exception):
    """The recomputed output is not the layer's: the gates must not be shown."""


@dataclass(frozen=True)
class Trace:
    """What happened inside one recurrent layer (one direction of it), in the order in which it read its input."""

    layer: str
    direction: str
    """`forward` or `backward`; a backward layer's first step is the window's last."""
    cell: str
    gates: dict[str, Array]
    """Name -> (batch, time, units). The candidate is no gate, but stands with them."""
    hidden_state: Array
    cell_state: Array | None
    """(batch, time, units); None for cells whose only memory is the hidden state."""
    carry: Array | None = None
    """How much of the old memory each unit keeps at each step (batch, time, units), if a gate decides it."""
    reading: str = ""
    """How to read the gates of this cell."""
    discrepancy: float = field(default=0.0)

    @property
    def memory(self) -> Array:
        """The state that carries information over time: the cell state where there is one."""
        return self.hidden_state if self.cell_state is None else self.cell_state

    @property
    def key(self) -> str:
        """Name in stored arrays."""
        return f"{self.layer}/{self.direction}"


def trace(network: keras.Model, inputs: NDArray[Any]) -> list[Trace]:
    """Trace every recurrent layer of `network` on `inputs`: (batch, time, features), or (batch, time) tokens.

    Raise `RecomputationError` if a recomputed output differs from the layer's own by more than 1e-4.
    """
    layers = list(recurrent_layers(network).values())
    probe = keras.Model(network.input, [tensor for layer in layers for tensor in (layer.input, sequence_of(layer))])
    values = [np.asarray(value, np.float64) for value in probe.predict_on_batch(inputs)]
    traces = []
    for number, layer in enumerate(layers):
        traces += _trace_layer(layer, values[2 * number], values[2 * number + 1])
    return traces


def _trace_layer(layer: keras.Layer, sequence: Array, output: Array) -> list[Trace]:
    if not isinstance(layer, keras.layers.Bidirectional):
        return [_trace_direction(layer, layer.name, "forward", sequence, output)]
    units = layer.forward_layer.cell.units
    backward = output[..., units:]
    if layer.return_sequences:  # Keras turns the backward outputs round again
        backward = backward[:, ::-1]
    return [
        _trace_direction(layer.forward_layer, layer.name, "forward", sequence, output[..., :units]),
        _trace_direction(layer.backward_layer, layer.name, "backward", sequence[:, ::-1], backward),
    ]


def _trace_direction(layer: keras.Layer, name: str, direction: str, sequence: Array, output: Array) -> Trace:
    cell = layer.cell if isinstance(layer.cell, GatedCell) else layer
    name_of_cell = type(cell).__name__
    traced = (_own if cell is not layer else CELLS[name_of_cell])(layer, sequence)
    hidden = traced["hidden_state"]
    discrepancy = float(np.abs((hidden if layer.return_sequences else hidden[:, -1]) - output).max())
    if not discrepancy <= LIMIT:
        raise RecomputationError(
            f"{name}: the recomputed output differs from the layer's own by {discrepancy:.1e}, more than {LIMIT:g}; "
            "its gates are not shown"
        )
    reading = cell.READING if isinstance(cell, GatedCell) else READINGS.get(name_of_cell, "")
    return Trace(name, direction, name_of_cell, discrepancy=discrepancy, reading=reading, **traced)


# One function per cell. Each scans the sequence with the equations that Keras implements.


def _lstm(layer: keras.layers.LSTM, sequence: Array) -> dict[str, Any]:
    """Hochreiter & Schmidhuber 1997 with Gers et al. 2000's forget gate; Keras's order is i, f, c, o."""
    kernel, recurrent, bias = (np.asarray(weight, np.float64) for weight in layer.get_weights())
    gate, squash = _function(layer.recurrent_activation), _function(layer.activation)

    def step(x: Array, state: tuple[Array, Array]) -> tuple[dict[str, Array], tuple[Array, Array]]:
        hidden, cell = state
        i, f, c, o = np.split(x + hidden @ recurrent, 4, axis=-1)
        i, f, c, o = gate(i), gate(f), squash(c), gate(o)
        cell = f * cell + i * c
        hidden = o * squash(cell)
        gates = {"input gate": i, "forget gate": f, "output gate": o, "candidate": c, "carry": f}
        return {**gates, "cell_state": cell, "hidden_state": hidden}, (hidden, cell)

    return _scan(step, sequence @ kernel + bias, states=2, units=layer.units)


def _gru(layer: keras.layers.GRU, sequence: Array) -> dict[str, Any]:
    """Cho et al. 2014 with the reset after the product, as in cuDNN; Keras's order is z, r, h, its bias (2, 3 units).

    Keras keeps the old state where the update gate is open: `h = z * h_before + (1 - z) * candidate`.
    """
    kernel, recurrent, bias = (np.asarray(weight, np.float64) for weight in layer.get_weights())
    gate, squash = _function(layer.recurrent_activation), _function(layer.activation)

    def step(x: Array, state: tuple[Array]) -> tuple[dict[str, Array], tuple[Array]]:
        (hidden,) = state
        x_z, x_r, x_h = np.split(x, 3, axis=-1)
        h_z, h_r, h_h = np.split(hidden @ recurrent + bias[1], 3, axis=-1)
        z, r = gate(x_z + h_z), gate(x_r + h_r)
        candidate = squash(x_h + r * h_h)
        hidden = z * hidden + (1 - z) * candidate
        gates = {"update gate": z, "reset gate": r, "candidate": candidate, "carry": z}
        return {**gates, "hidden_state": hidden}, (hidden,)

    return _scan(step, sequence @ kernel + bias[0], states=1, units=layer.units)


def _simple_rnn(layer: keras.layers.SimpleRNN, sequence: Array) -> dict[str, Any]:
    """Elman 1990: no gate, so all that can be shown is the state."""
    kernel, recurrent, bias = (np.asarray(weight, np.float64) for weight in layer.get_weights())
    squash = _function(layer.activation)

    def step(x: Array, state: tuple[Array]) -> tuple[dict[str, Array], tuple[Array]]:
        hidden = squash(x + state[0] @ recurrent)
        return {"hidden_state": hidden}, (hidden,)

    return _scan(step, sequence @ kernel + bias, states=1, units=layer.units)


def _own(layer: keras.layers.RNN, sequence: Array) -> dict[str, Any]:
    """A cell of `pipelines/nn/cells.py`: its own equations, step by step outside Keras's loop, in float32."""
    cell = layer.cell

    def step(x: Array, state: tuple[Any, ...]) -> tuple[dict[str, Array], tuple[Any, ...]]:
        values = cell.step(x, *state)
        after = tuple(values[name] for name in cell.STATES)
        return {name: np.asarray(value, np.float64) for name, value in values.items()}, after

    zeros = [np.zeros((len(sequence), cell.units), np.float32) for _ in cell.STATES]
    return _scan(step, sequence.astype(np.float32), states=zeros, units=cell.units)


CELLS = {"LSTM": _lstm, "GRU": _gru, "SimpleRNN": _simple_rnn}
READINGS = {
    "LSTM": "The cell state becomes forget gate × old state + input gate × candidate. A row that stays yellow in the forget gate "
    "is a unit that remembers; one that stays dark starts afresh at every step. Where the input gate opens, the candidate is written.",
    "GRU": "The state becomes update gate × old state + (1 − update gate) × candidate (Keras's convention). A row that stays yellow "
    "in the update gate is a unit that remembers; where the reset gate is dark, the candidate ignores the past.",
}


def _scan(
    step: Callable[[Array, Any], tuple[dict[str, Array], Any]],
    projected: Array,
    states: int | list[Any],
    units: int,
) -> dict[str, Any]:
    """Run `step` over time from a zero state and stack what it returns along axis 1."""
    state: Any = [np.zeros((len(projected), units)) for _ in range(states)] if isinstance(states, int) else states
    steps = []
    for time in range(projected.shape[1]):
        values, state = step(projected[:, time], state)
        steps.append(values)
    stacked = {name: np.stack([values[name] for values in steps], axis=1) for name in steps[0]}
    return {
        "hidden_state": stacked.pop("hidden_state"),
        "cell_state": stacked.pop("cell_state", None),
        "carry": stacked.pop("carry", None),
        "gates": stacked,
    }


def _function(activation: Any) -> Callable[[Array], Array]:
    """A Keras activation as a function on arrays: the layer's own, so that no option is computed otherwise."""
    if activation is keras.activations.tanh:
        return np.tanh
    if activation is keras.activations.sigmoid:
        return lambda values: 0.5 * (1 + np.tanh(0.5 * values))
    return lambda values: np.asarray(activation(values), np.float64)


def saturation(traced: Trace) -> dict[str, dict[str, Array]]:
    """For each gate (not the candidate): share of steps below 0.1 and above 0.9, per unit."""
    return {
        name: {"closed": (values < CLOSED).mean((0, 1)), "open": (values > OPEN).mean((0, 1))}
        for name, values in traced.gates.items()
        if name != "candidate"
    }
