"""What the microscope shows of recurrent layers: gates and states of a few sequences, the memory of more, in bytes.

A record is made of traces (`pipelines.analysis.gates`), whatever model they are of.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipelines.analysis import gates, memory
from pipelines.analysis.gates import Trace
from pipelines.contract import Array, Dataset, Indices, Levels, MicroscopeLayer
from pipelines.nn.datasets import spread

STEPS = 384
"""Most steps of a sequence that are kept."""
UNITS, FEWEST_UNITS = 256, 48
"""Most units of a layer that are kept, and how few they become before steps are left out."""
FURTHER = 12
"""Sequences whose memory alone is kept."""
BYTES, FURTHER_BYTES = 1_000_000, 400_000
"""Of the whole sequences and of the further ones, in all layers together."""
MASKED = 255


# Which sequences


def chosen(dataset: Dataset, candidates: Indices, count: int) -> tuple[list[Indices], list[Indices]]:
    """The rows of `count` whole sequences and of the further ones, the same for every model: evenly spread over `candidates`.

    Where examples follow each other, a sequence is as many of them as `STEPS` allow.
    """
    joined = 1
    if dataset.streams:
        length = next(iter(dataset.batch(candidates[:1]).inputs.values())).shape[1]
        joined = max(1, min(STEPS // length, len(dataset)))
        candidates = np.arange(0, len(dataset) - joined + 1, joined)
    candidates = candidates[spread(len(candidates), count + FURTHER)]
    whole = spread(len(candidates), count)
    further = np.setdiff1d(np.arange(len(candidates)), whole)
    rows = [candidate + np.arange(joined) for candidate in candidates]
    return [rows[index] for index in whole], [rows[index] for index in further]


def inputs_of(dataset: Dataset, sequences: Sequence[Indices]) -> dict[str, Array]:
    """What a network reads of sequences of as many rows each, joined along time: (sequences, time, …)."""
    inputs = dataset.batch(np.concatenate(sequences)).inputs
    return {name: array.reshape(len(sequences), -1, *array.shape[2:]) for name, array in inputs.items()}


# The record


def layers(traces: Sequence[Trace], whole: Indices, further: Indices) -> list[MicroscopeLayer]:
    """The record of each layer; `whole` and `further` are rows of the traces.

    Units, then steps, are left out until all layers together have about `BYTES` and `FURTHER_BYTES`.
    """
    if not traces:
        return []
    traces = [_in_order_of_input(trace) for trace in traces]
    values = sum((len(trace.gates) + 1 + (trace.cell_state is not None)) for trace in traces) / len(traces)
    longest = [min(int(_lengths(trace)[whole].max()), STEPS) for trace in traces]

    def size(units: int) -> float:
        return sum(steps * min(units, trace.memory.shape[-1]) for steps, trace in zip(longest, traces, strict=True))

    units = UNITS
    while units * 3 // 4 >= FEWEST_UNITS and size(units) * values * len(whole) > BYTES:
        units = units * 3 // 4
    steps = int(STEPS * min(1.0, BYTES / (size(units) * values * len(whole))))
    further = further[: max(1, int(FURTHER_BYTES / size(units)))]
    return [_layer(trace, whole, further, units, steps) for trace in traces]


def _layer(trace: Trace, whole: Indices, further: Indices, units: int, steps: int) -> MicroscopeLayer:
    valid = _valid(trace)
    spreads = trace.memory[valid].std(0)
    kept = np.sort(np.argsort(-spreads, kind="stable")[:units])
    part = _of_units(trace, kept)
    lengths = _lengths(trace)
    constants = memory.time_constants(part)

    def cut(values: Array, rows: Indices, masked: bool = False) -> Levels:
        last = min(steps, int(lengths[rows].max(initial=1)))
        shown = values[rows, :last]
        return quantised(np.where(valid[rows, :last, None], shown, np.nan) if masked else shown)

    states = {"cell_state": part.cell_state, "hidden_state": part.hidden_state}
    return MicroscopeLayer(
        layer=trace.layer,
        direction=trace.direction,
        cell=trace.cell,
        reading=trace.reading,
        units=kept,
        all_units=trace.memory.shape[-1],
        gates={name: cut(values, whole) for name, values in part.gates.items()},
        states={name: cut(values, whole, masked=True) for name, values in states.items() if values is not None},
        steps=np.minimum(lengths[whole], steps),
        all_steps=lengths[whole],
        further=cut(part.memory, further, masked=True),
        further_steps=np.minimum(lengths[further], steps),
        saturation=gates.saturation(part),
        gate_time_constants=constants.gate,
        autocorrelation_times=constants.autocorrelation,
    )


def _in_order_of_input(trace: Trace) -> Trace:
    """A backward layer's trace with the first step of the input first."""
    return trace if trace.direction == "forward" else _mapped(trace, (slice(None), slice(None, None, -1)))


def _of_units(trace: Trace, units: Indices) -> Trace:
    return replace(_mapped(trace, (slice(None), slice(None), units)), mask=trace.mask)


def _mapped(trace: Trace, part: tuple[slice | Indices, ...]) -> Trace:
    def of(array: Array | None) -> Array | None:
        return None if array is None else array[part]

    return replace(
        trace,
        gates={name: values[part] for name, values in trace.gates.items()},
        hidden_state=trace.hidden_state[part],
        cell_state=of(trace.cell_state),
        carry=of(trace.carry),
        mask=of(trace.mask) if len(part) == 2 else trace.mask,
        other_states={},
    )


def _valid(trace: Trace) -> NDArray[np.bool_]:
    """(batch, time)."""
    return np.ones(trace.memory.shape[:2], bool) if trace.mask is None else trace.mask


def _lengths(trace: Trace) -> Indices:
    """Steps of each row up to the last that is not masked."""
    valid = _valid(trace)
    return np.where(valid.any(1), valid.shape[1] - valid[:, ::-1].argmax(1), 0)


# Bytes


def quantised(values: Array) -> Levels:
    """(…, units) as bytes; NaN is masked.

    Where all are between 0 and 1, so is the range; elsewhere each unit has its own, symmetric around 0, so that 0 stays 0.
    """
    present = values[np.isfinite(values)]
    units = values.shape[-1]
    if present.size == 0 or (present.min() >= 0 and present.max() <= 1):
        low, high = np.zeros(units), np.ones(units)
    else:
        high = np.maximum(np.nanmax(np.abs(values).reshape(-1, units), axis=0, initial=0.0), 1e-6)
        low = -high
    scaled = np.round((values - low) / (high - low) * (MASKED - 1))
    levels = np.where(np.isfinite(scaled), scaled, MASKED).astype(np.uint8)
    return Levels(levels, low.astype(np.float32), high.astype(np.float32))


def restored(coded: Levels) -> Array:
    """The numbers that `quantised` made bytes of; NaN where masked."""
    low, high = coded.low.astype(np.float64), coded.high.astype(np.float64)
    numbers = low + coded.levels / (MASKED - 1) * (high - low)
    return np.where(coded.levels == MASKED, np.nan, numbers)
