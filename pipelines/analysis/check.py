"""The check that gates recomputed by equations are the layer's own: no step may differ from it by more than rounding explains."""

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines.analysis.equations import Equations

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


class TraceError(Exception):
    """The gates of a layer cannot be shown; the message is a sentence that says why."""


def output(key: str, layer: keras.layers.RNN, given: Array, hidden: Array, valid: NDArray[np.bool_]) -> None:
    """Raise `TraceError` if the recorded hidden states are not the layer's output, to the last digit."""
    if layer.return_sequences:
        hidden, given = hidden[valid], given[valid]  # Keras repeats or zeroes the output at masked steps
    else:
        rows = valid[:, -1] if layer.zero_output_for_mask else valid.any(1)
        hidden, given = hidden[rows, -1], given[rows]
    epsilon, tiny = PRECISION[layer.compute_dtype]
    if hidden.shape != given.shape or not (np.abs(hidden - given) <= epsilon * np.abs(hidden) + tiny).all():
        raise TraceError(f"{key}: its output is not the hidden state of its cell")


def step(
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
