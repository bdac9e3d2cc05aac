"""What one step of a recurrent cell computes, gate by gate, in NumPy float64 and from the layer's weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines.nn.cells import GatedCell

Array = NDArray[np.float64]
Values = dict[str, Array]


@dataclass(frozen=True)
class Equations:
    """One cell with its weights."""

    cell: str
    """Name, for reports."""
    states: tuple[str, ...]
    """The states in the cell's order; the first is its output."""
    step: Callable[..., Values]
    """(rows, features) and one (rows, units) for each state -> gates, candidate, states and `carry` (the share of the
    old memory that is kept), each (rows, units)."""
    reading: str = ""
    """How to read a picture of the gates."""


def of(cell: Any) -> Equations | None:
    """The equations of a Keras cell or of one in `pipelines/nn/cells.py`; None for any other."""
    if isinstance(cell, GatedCell):
        return gated(cell)
    return next((equations(cell) for kind, equations in CELLS.items() if isinstance(cell, kind)), None)


def states_of(cell: Any) -> tuple[str, ...] | None:
    """The names of a cell's states, in the cell's order; None where its equations are not known."""
    known = of(cell)
    return None if known is None else known.states


def lstm(cell: keras.layers.LSTMCell) -> Equations:
    """Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000; the blocks of the weights are i, f, c, o."""
    kernel, recurrent, bias = _weights(cell)
    gate, squash = _function(cell.recurrent_activation), _function(cell.activation)

    def step(x: Array, hidden: Array, memory: Array) -> Values:
        i, f, c, o = np.split(x @ kernel + hidden @ recurrent + bias, 4, axis=-1)
        i, f, c, o = gate(i), gate(f), squash(c), gate(o)
        memory = f * memory + i * c
        gates = {"input gate": i, "forget gate": f, "output gate": o, "candidate": c, "carry": f}
        return {**gates, "cell_state": memory, "hidden_state": o * squash(memory)}

    reading = (
        "The cell state becomes forget gate × old state + input gate × candidate. A row that stays yellow in the forget gate "
        "is a unit that remembers; one that stays dark forgets at every step. Where the input gate opens, the candidate is written."
    )
    return Equations("LSTM", ("hidden_state", "cell_state"), step, reading)


def gru(cell: keras.layers.GRUCell) -> Equations:
    """Cho et al. 2014; the blocks of the weights are z, r, h.

    Keras keeps the old state where the update gate is open: `h' = z ⊙ h + (1 − z) ⊙ candidate`. With `reset_after`, as in
    cuDNN, the reset gate multiplies h R_h and not h, and the bias is (2, 3 · units): of the input, of the state.
    """
    kernel, recurrent, bias = _weights(cell)
    bias_x, bias_h = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    recurrent_zr, recurrent_h = np.split(recurrent, [2 * cell.units], axis=-1)
    bias_zr, bias_h = np.split(bias_h, [2 * cell.units])
    gate, squash = _function(cell.recurrent_activation), _function(cell.activation)

    def step(x: Array, hidden: Array) -> Values:
        x_z, x_r, x_h = np.split(x @ kernel + bias_x, 3, axis=-1)
        h_z, h_r = np.split(hidden @ recurrent_zr + bias_zr, 2, axis=-1)
        z, r = gate(x_z + h_z), gate(x_r + h_r)
        past = r * (hidden @ recurrent_h + bias_h) if cell.reset_after else (r * hidden) @ recurrent_h
        candidate = squash(x_h + past)
        gates = {"update gate": z, "reset gate": r, "candidate": candidate, "carry": z}
        return {**gates, "hidden_state": z * hidden + (1 - z) * candidate}

    reading = (
        "The state becomes update gate × old state + (1 − update gate) × candidate (Keras's convention). A row that stays yellow "
        "in the update gate is a unit that remembers; where the reset gate is dark, the candidate ignores the past."
    )
    return Equations("GRU", ("hidden_state",), step, reading)


def simple_rnn(cell: keras.layers.SimpleRNNCell) -> Equations:
    """Elman 1990: no gates, only the state."""
    kernel, recurrent, bias = _weights(cell)
    squash = _function(cell.activation)
    return Equations(
        "SimpleRNN",
        ("hidden_state",),
        lambda x, hidden: {"hidden_state": squash(x @ kernel + hidden @ recurrent + bias)},
    )


def gated(cell: GatedCell) -> Equations:
    """A cell of `pipelines/nn/cells.py` names its gates itself: its own `step`, in the precision of its weights."""

    def step(*values: Array) -> Values:
        computed = cell.step(*(keras.ops.convert_to_tensor(array, dtype=cell.variable_dtype) for array in values))
        return {name: np.asarray(value, np.float64) for name, value in computed.items()}

    return Equations(type(cell).__name__, tuple(cell.STATES), step, cell.READING)


CELLS: dict[type, Callable[[Any], Equations]] = {
    keras.layers.LSTMCell: lstm,
    keras.layers.GRUCell: gru,
    keras.layers.SimpleRNNCell: simple_rnn,
}


def _weights(cell: Any) -> list[Array]:
    """Kernel, recurrent kernel and bias (zero if there is none), rounded to the precision that the cell computes with."""
    bias = np.zeros(cell.kernel.shape[-1]) if cell.bias is None else cell.bias
    weights = (keras.ops.cast(weight, cell.compute_dtype) for weight in (cell.kernel, cell.recurrent_kernel, bias))
    return [keras.ops.convert_to_numpy(weight).astype(np.float64) for weight in weights]


def _function(activation: Callable[[Any], Any]) -> Callable[[Array], Array]:
    """The cell's own activation, in float64."""
    return lambda values: np.asarray(activation(keras.ops.convert_to_tensor(values, dtype="float64")))
