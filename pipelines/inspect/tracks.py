"""What the layers of a model read, for the microscope: inputs of the model that have as many steps as a layer, or the steps' numbers."""

from collections.abc import Sequence

import numpy as np

from pipelines.analysis.gates import Trace
from pipelines.contract import Array
from pipelines.inspect.inspection import Inspection
from pipelines.report.language import mark
from pipelines.report.tracks import Track, of_series, of_words

MOST_LINES = 16
"""Features of a step that are drawn as lines; more are drawn as an image."""


def of_layers(inspection: Inspection) -> list[Track]:
    """A track for each layer of the record, the longest path first: a layer belongs to the first track with which its path begins."""
    record = inspection.microscope
    rows = np.concatenate([*record.sequences, *record.further])
    traces = {trace.layer: trace for trace in inspection.traces}
    paths = sorted({layer.layer for layer in record.layers}, key=len, reverse=True)
    return [_of_layer(inspection, traces[path], rows) for path in paths]


def _of_layer(inspection: Inspection, trace: Trace, rows: Array) -> Track:
    """Where several inputs have as many steps, nobody can tell which of them a layer reads."""
    time = trace.hidden_state.shape[1]
    arrays = {name: array for name, array in inspection.inputs.arrays.items() if array.shape[1:2] == (time,)}
    if len(arrays) != 1:
        numbers = [str(step) for step in range(1, time + 1)]
        return Track("tokens", [numbers] * len(rows), mark("step"), {}, name=mark("step"), layers=trace.layer)
    name, array = next(iter(arrays.items()))
    if array.dtype.kind in "US":
        return of_words([list(map(str, row)) for row in array[rows]], mark("step"), name=name, layers=trace.layer)
    if inspection.tokens is not None and inspection.tokens.input == name and array.ndim == 2:
        return of_words(_words(array[rows], inspection.vocabulary), mark("step"), name=name, layers=trace.layer)
    values = [row.reshape(time, -1).astype(np.float64) for row in array[rows]]
    names = inspection.features if len(inspection.features) == values[0].shape[1] else _numbered(values[0].shape[1])
    series = of_series(values, names, mark("step"))
    kind = series.kind if len(names) <= MOST_LINES else "image"
    return Track(kind, values, series.step, series.properties, names, name, trace.layer)


def _words(ids: Array, vocabulary: Sequence[str] | None) -> list[list[str]]:
    return [[vocabulary[int(identity)] or "·" if vocabulary else str(int(identity)) for identity in row] for row in ids]


def _numbered(count: int) -> list[str]:
    return [mark("feature {}").format(index) for index in range(1, count + 1)]
