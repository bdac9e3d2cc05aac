"""The page of an inspection: `index.html`, what it needs to open from disk, and its numbers as `inspection.json`.

A component is added in `figures`: it gets the whole `Inspection`, with everything that was traced, and gives a `Figure`, whose `plot`
may be HTML (`Markup` from a template in `pipelines/report/templates`) as well as a Plotly chart.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pipelines import artifacts
from pipelines.analysis import gates
from pipelines.contract import Array, Explanation
from pipelines.inspect.command import RECORD
from pipelines.inspect.inspection import Inspection
from pipelines.report import explanations, inside, pages, texts
from pipelines.report.figures import Figure

MOST_UNITS = 48
"""Of each layer, in charts of all units; more could not be told apart."""
MOST_STEPS = 300
"""Of each sequence, in charts of single sequences: the last ones."""
MOST_TOKENS = 400
"""Of each coloured text."""
TARGET = "model"
"""In the names of charts, where a task has its target."""


def write(folder: Path, inspection: Inspection, facts: dict[str, Any]) -> None:
    """Write the page to `folder`, which exists."""
    template = pages.environment(".").get_template("inspection.html")
    text = template.render(facts=facts, explanation=inspection.explanation, figures=figures(inspection))
    (folder / "index.html").write_text(text, encoding="utf-8")
    pages.write_assets(folder / "assets")
    artifacts.write_json(folder / RECORD, {"facts": facts, "layers": _numbers(inspection)})


def figures(inspection: Inspection) -> list[Figure]:
    """All charts, in the order in which they build on each other."""
    explanation = _shortened(inspection)
    output = (
        None
        if inspection.outputs is None
        else "the likeliest class"
        if inspection.outputs.classes
        else "the mean output"
    )
    if inspection.outputs and inspection.outputs.count == 1:
        output = "the output"
    return [
        *coloured_texts(inspection),
        *(states(trace, inspection.examples) for trace in inspection.traces),
        *inside.of_explanation(explanation, TARGET, MOST_UNITS),
        *explanations.own_dependency(explanation, TARGET),
        *explanations.importance(explanation, inspection.features, TARGET, output),
    ]


def states(trace: gates.Trace, examples: Array) -> Figure:
    """What a layer remembers at each step of some sequences: its hidden state and its other states, of some of its units."""
    named = {"hidden state": trace.hidden_state, "cell state": trace.cell_state, **trace.other_states}
    found = {name: values for name, values in named.items() if values is not None}
    panels, left_out = {}, []
    for name, values in found.items():
        order = np.argsort(values[:, -1].mean(0))
        chosen = order[np.linspace(0, len(order) - 1, min(MOST_UNITS, len(order))).round().astype(int)]
        panels[name] = values[examples][:, -MOST_STEPS:, chosen]
        left_out += (
            [f"Drawn are {len(chosen)} of {len(order)} units, evenly chosen."] if len(chosen) < len(order) else []
        )
    steps = trace.hidden_state.shape[1]
    left_out += [f"Drawn are the last {MOST_STEPS} of {steps:,} steps."] if steps > MOST_STEPS else []
    valid = np.ones(trace.hidden_state.shape[:2], bool) if trace.mask is None else trace.mask
    bound = max(float(np.quantile(np.abs(values), 0.99)) for values in panels.values()) or 1.0
    return Figure(
        f"states-{trace.key.replace('/', '-')}",
        f"States of {trace.name}",
        f"The {' and the '.join(panels)} of the units of {trace.layer} ({trace.cell}) at each step of an example, as the layer itself "
        f"computes them; units sorted by their mean after the last step. {' '.join(dict.fromkeys(left_out))}",
        "A row of one colour is a unit that holds something; one that changes at every step passes its input on. Where all rows change at "
        "once, the sequence has said something new.",
        inside.heatmaps(panels, [row[-MOST_STEPS:] for row in valid[examples]], trace.direction, bound),
    )


def coloured_texts(inspection: Inspection) -> list[Figure]:
    """The sequences of ids as texts, coloured by contributions, gates and memory."""
    tokens, vocabulary = inspection.tokens, inspection.vocabulary
    if tokens is None:
        return []
    ids = inspection.inputs.arrays[tokens.input]
    time = ids.shape[1] if ids.ndim == 2 else None
    traces = [
        trace for trace in inspection.traces if trace.hidden_state.shape[1] == time and "/call_" not in trace.layer
    ]
    importance = inspection.explanation.importance
    named = {}
    for index, row in enumerate(inspection.explained if traces else ()):
        steps = np.ones(time or 0, bool) if inspection.valid is None else inspection.valid[row]
        steps = steps & (np.cumsum(steps) <= MOST_TOKENS)
        if not steps.any():
            continue
        words = [vocabulary[int(identity)] or "·" if vocabulary else str(int(identity)) for identity in ids[row][steps]]
        layers = {}
        if importance is not None and importance.values.shape[1] == time:
            read = time if inspection.valid is None else inspection.valid[row].sum()
            values = importance.values[index, -int(read or 0) :, 0][: steps.sum()]
            layers["contribution"] = texts.Layer(
                values[None] / (np.abs(importance.values[index]).max() or 1), ["of each step"]
            )
        for trace in traces:
            for name, values in gates.of_row(trace, row, steps).items():
                layers[name] = texts.Layer(
                    values[:MOST_UNITS], [f"unit {unit}" for unit in range(min(MOST_UNITS, len(values)))]
                )
        named[f"row {inspection.inputs.rows[row]}"] = ([f"{word} " for word in words], layers)
    if not named or len({tuple(layers) for _, layers in named.values()}) > 1:
        return []
    return [
        Figure(
            "texts",
            "Read step by step",
            f"Sequences of the file, coloured by what each step adds to what is explained (relative to the largest), or by a gate or the "
            f"memory of one unit. The first {MOST_UNITS} units and the first {MOST_TOKENS} steps can be chosen."
            + ("" if vocabulary else " Words instead of ids: give the vocabulary by --names, a line for each id."),
            "Blue is for, red against. Look for units whose memory changes where the meaning does.",
            texts.coloured(named, "Unit"),
        )
    ]


def _shortened(inspection: Inspection) -> Explanation:
    """The explanation, with the last steps alone where charts show single sequences."""
    explanation = inspection.explanation
    layers = [
        replace(
            layer,
            gates={name: replace(gate, values=gate.values[:, -MOST_STEPS:]) for name, gate in layer.gates.items()},
        )
        for layer in explanation.layers
    ]
    memory = explanation.memory
    if memory is not None:
        cell = None if memory.cell_state is None else memory.cell_state[:, -MOST_STEPS:]
        memory = replace(memory, hidden_state=memory.hidden_state[:, -MOST_STEPS:], cell_state=cell)
    return replace(explanation, layers=layers, memory=memory)


def _numbers(inspection: Inspection) -> list[dict[str, Any]]:
    """Of each traced layer, what the tables of the page show."""
    return [
        {
            "layer": layer.layer,
            "direction": layer.direction,
            "cell": layer.cell,
            "discrepancy": layer.discrepancy,
            "gates": {
                name: {"closed": float(gate.closed.mean()), "open": float(gate.open.mean())}
                for name, gate in layer.gates.items()
                if gate.closed is not None and gate.open is not None
            },
            "gate_time_constant": layer.gate_time_constant,
            "autocorrelation_time": layer.autocorrelation_time,
        }
        for layer in inspection.explanation.layers
    ]
