"""What the memory of the last recurrent layer holds, and for how long."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.analysis.gates import Trace

Array = NDArray[np.float64]


def telling_units(traced: Trace, outputs: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], Array]:
    """The units whose memory after the last step goes most with the network's output, and their correlations.

    `outputs` is (batch, outputs); its mean over the outputs is correlated (Pearson) with each unit's memory over the
    batch, and the `count` largest absolute values win.
    """
    memory = traced.memory[:, -1]
    target = outputs.mean(1, dtype=np.float64)
    centred, aim = memory - memory.mean(0), target - target.mean()
    spread = np.sqrt((centred**2).sum(0) * (aim**2).sum())
    correlations = np.divide(centred.T @ aim, spread, out=np.zeros(memory.shape[1]), where=spread > 0)
    chosen = np.argsort(-np.abs(correlations), kind="stable")[:count]
    return chosen, correlations[chosen]


@dataclass(frozen=True)
class TimeConstants:
    """In steps, per unit."""

    gate: Array | None
    """-1 / ln(mean carry gate): how long the gate alone would keep a memory (Tallec & Ollivier 2018)."""
    autocorrelation: Array
    """Lag at which the memory's autocorrelation over time first falls below 1/e; the window's length if it never does."""


def time_constants(traced: Trace) -> TimeConstants:
    """How long each unit remembers: by its carry gate, and by what its memory does."""
    gate = None
    if traced.carry is not None:
        kept = traced.carry.mean((0, 1)).clip(1e-6, 1 - 1e-6)
        gate = -1 / np.log(kept)
    return TimeConstants(gate, _decay(traced.memory))


def _decay(memory: Array) -> Array:
    """First lag at which the autocorrelation, averaged over windows, is below 1/e: (units,)."""
    steps = memory.shape[1]
    centred = memory - memory.mean((0, 1))
    power = (centred**2).mean((0, 1))
    result = np.full(memory.shape[2], float(steps))
    for lag in reversed(range(1, steps)):
        product = (centred[:, lag:] * centred[:, :-lag]).mean((0, 1))
        below = product < power / np.e
        result[below] = lag
    return result
