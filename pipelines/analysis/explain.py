"""All explanations of one trained network. A part that fails is left out, with the reason; the others are kept."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import keras
import numpy as np

from pipelines.analysis import gates, gradients, importance, memory, microscope
from pipelines.contract import (
    EXPLAINED,
    Array,
    Batch,
    Dataset,
    Datasets,
    Explanation,
    GateRecord,
    GradientRecord,
    ImportanceRecord,
    Indices,
    LayerRecord,
    MemoryRecord,
    Microscope,
    Target,
)
from pipelines.nn import datasets
from pipelines.nn.views import SEQUENCE, View
from pipelines.printing import STEERING, shortened

BACKGROUND = 256
"""Training windows whose mean replaces an absent input."""
Result = TypeVar("Result")


class Explained(NamedTuple):
    """What is found in a network."""

    explanation: Explanation
    microscope: Microscope
    """Without layers where it failed."""
    illustration: Any
    """The task's own; None if it failed."""
    traces: list[gates.Trace]
    """Of the windows that gradients are of."""


def model(
    network: keras.Model,
    view: Callable[[], View],
    illustrate: Callable[[], Any],
    examples: Datasets,
    target: Target,
    sizes: Any,
    seed: int,
) -> Explained:
    """Gates, memory, gradients and importance of a network, and what else is made of what was traced.


    `sizes` is the task's block `evaluate`, or whatever has its numbers.
    """
    failures: dict[str, str] = {}

    def attempt(what: str, compute: Callable[[], Result]) -> Result | None:
        try:
            return compute()
        except Exception as error:  # no explanation may stop a finished training from being reported
            failures[what] = reason(error)
            return None

    explained = examples.get(EXPLAINED, examples["test"])
    rows = datasets.spread(len(explained), sizes.gradient_windows)
    windows = explained.batch(rows)
    count = len(next(iter(windows.inputs.values())))
    drawn = np.unique(np.linspace(0, count - 1, sizes.traced_windows).astype(int))
    traced = attempt("gates", lambda: gates.trace(network, windows.inputs))
    traces = traced.traces if traced else []
    failures |= {f"gates of {layer}": reason for layer, reason in (traced.untraced if traced else {}).items()}
    explained_view = attempt("the network as explanations see it", view)
    outputs = (
        attempt("outputs", lambda: explained_view.likeliest().predict_on_batch(explained_view.embed(windows.inputs)))
        if explained_view
        else None
    )
    layers = attempt("saturation", lambda: [_layer(trace, drawn) for trace in traces]) or []
    remembered = None
    if traces and outputs is not None:
        remembered = attempt("memory", lambda: _memory(traces[-1], outputs, drawn, sizes.correlated_units))
    slopes, weights = None, None
    if explained_view:
        slopes = attempt("gradients", lambda: _gradients(explained_view, windows, target))
        few = datasets.evenly_spaced(explained, sizes.explained_windows)
        weights = attempt("importance", lambda: _importance(explained_view, few, examples["train"], target, seed))
    enlarged = attempt("the microscope", lambda: _microscope(network, explained, rows, traces, sizes))
    illustration = attempt("illustrations", illustrate)
    explanation = Explanation(seed, count, layers, remembered, slopes or [], weights, failures)
    return Explained(explanation, enlarged or Microscope([], [], []), illustration, traces)


def reason(error: Exception) -> str:
    """What went wrong, in one line; Keras begins its messages with the layer and colours."""
    lines = [line.strip() for line in STEERING.sub("", str(error)).splitlines()]
    said = [re.sub(r"\[\d+m", "", line) for line in lines if line and not line.startswith("Exception encountered")]
    return shortened(f"{type(error).__name__}: {said[0]}" if said else type(error).__name__, 300)


def _microscope(
    network: keras.Model, explained: Dataset, rows: Indices, traces: list[gates.Trace], sizes: Any
) -> Microscope:
    """Of some of the windows `rows`, which are traced already; or of longer sequences, where examples follow each other."""
    whole, further = microscope.chosen(explained, rows, sizes.microscope_sequences)
    if explained.streams:
        inputs = microscope.inputs_of(explained, [*whole, *further])
        layers = microscope.layers(
            gates.trace(network, inputs).traces, *np.split(np.arange(len(whole) + len(further)), [len(whole)])
        )
    else:
        traces = [
            trace for trace in traces if len(trace.hidden_state) == len(rows)
        ]  # not of a layer that reads parts of each
        chosen = [np.searchsorted(rows, [row[0] for row in part]) for part in (whole, further)]
        layers = microscope.layers(traces, *chosen)
    kept = len(layers[0].further_steps) if layers else 0
    return Microscope(whole, further[:kept], layers)


def _layer(trace: gates.Trace, drawn: Array) -> LayerRecord:
    saturated = gates.saturation(trace)
    constants = memory.time_constants(trace)
    return LayerRecord(
        trace.layer,
        trace.direction,
        trace.cell,
        trace.reading,
        trace.discrepancy,
        {
            gate: GateRecord(
                values[drawn].astype(np.float32),
                saturated[gate]["closed"] if gate in saturated else None,
                saturated[gate]["open"] if gate in saturated else None,
            )
            for gate, values in trace.gates.items()
        },
        None if constants.gate is None else float(np.median(constants.gate)),
        float(np.median(constants.autocorrelation)),
    )


def _memory(trace: gates.Trace, outputs: Array, drawn: Array, count: int) -> MemoryRecord:
    units, correlations = memory.correlated_units(trace, outputs, count)
    constants = memory.time_constants(trace)
    return MemoryRecord(
        trace.layer,
        trace.direction,
        units,
        correlations,
        trace.hidden_state[drawn][..., units].astype(np.float32),
        None if trace.cell_state is None else trace.cell_state[drawn][..., units].astype(np.float32),
        constants.autocorrelation,
        constants.gate,
    )


def _gradients(view: View, windows: Batch, target: Target) -> list[GradientRecord]:
    """Of the first and the last output, where there are several."""
    network, inputs = view.likeliest(), view.embed(windows.inputs)
    last = network.output_shape[-1] - 1
    magnitudes = gradients.magnitudes(network, inputs, SEQUENCE, sorted({0, last}))
    mask = view.mask(windows.inputs) if view.mask else None
    names = dict(zip((0, last), (target.outputs[0], target.outputs[-1]), strict=True))
    return [
        GradientRecord(names[output], *gradients.summary(aligned), gradients.memory_length(aligned))
        for output, aligned in (
            (output, gradients.aligned(magnitude, mask)) for output, magnitude in magnitudes.items()
        )
    ]


def _importance(view: View, windows: Batch, training: Any, target: Target, seed: int) -> ImportanceRecord:
    """Shapley values of features; integrated gradients where one of several classes is chosen, such as the next token."""
    inputs = view.embed(windows.inputs)
    if view.method == "integrated gradients":
        neutral = view.neutral
        if neutral is None:
            neutral = view.embed(datasets.evenly_spaced(training, BACKGROUND).inputs)[SEQUENCE].mean((0, 1))
        points = view.points or importance.POINTS
        attributions = importance.integrated_gradients(view.weighed(), inputs, neutral, points)
        values = importance.summed(attributions.values, target.groups or None)
    else:
        background = view.embed(datasets.evenly_spaced(training, BACKGROUND).inputs)
        attributions = importance.shapley(view.network, inputs[SEQUENCE], background[SEQUENCE], seed)
        values = attributions.values
    values = gradients.aligned(values, view.mask(windows.inputs)) if view.mask else values
    return ImportanceRecord(
        view.method, view.absent, len(values), attributions.additivity_error, np.nan_to_num(values).astype(np.float32)
    )
