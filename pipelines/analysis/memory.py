"""What the memory of the last recurrent layer holds, and for how long."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.analysis.gates import Trace

Array = NDArray[np.float64]


def correlated_units(traced: Trace, outputs: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], Array]:
    """The units whose memory after the last step is most correlated with the network's output, and their correlations.

    `outputs` is (batch, outputs); its mean over the outputs is correlated (Pearson) with each unit's memory over the
    batch, and the `count` largest absolute values win. The last step of a row is the last one that is not masked.
    """
    memory = traced.memory[:, -1]  # a layer keeps its state over masked steps
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
    """Lag at which the memory's autocorrelation over time first falls below 1/e; the longest row's length if it never does."""


def time_constants(traced: Trace) -> TimeConstants:
    """How long each unit remembers: by its carry gate, and by what its memory does. Masked steps do not count."""
    gate = None
    if traced.carry is not None:
        kept = np.nanmean(traced.carry, (0, 1)).clip(1e-6, 1 - 1e-6)
        gate = -1 / np.log(kept)
    valid = np.ones(traced.memory.shape[:2], bool) if traced.mask is None else traced.mask
    return TimeConstants(gate, _decay(traced.memory, valid))


def _decay(memory: Array, valid: NDArray[np.bool_]) -> Array:
    """First lag at which the autocorrelation, averaged over windows and the steps that are `valid`, is below 1/e: (units,)."""
    pairs = {lag: (valid[:, lag:] & valid[:, : memory.shape[1] - lag]).sum() for lag in range(memory.shape[1])}
    longest = max(lag for lag, count in pairs.items() if count)
    centred = (memory - (memory * valid[..., None]).sum((0, 1)) / pairs[0]) * valid[..., None]
    power = (centred**2).sum((0, 1)) / pairs[0]
    result = np.full(memory.shape[2], longest + 1.0)
    for lag in reversed(range(1, longest + 1)):
        if pairs[lag]:
            product = (centred[:, lag:] * centred[:, :-lag]).sum((0, 1)) / pairs[lag]
            result[product < power / np.e] = lag
    return result
