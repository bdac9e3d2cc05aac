"""The page of an inspection: `index.html`, what it needs to open from disk, and its numbers as `inspection.json`.

A component is added in `figures`: it gets the whole `Inspection`, with everything that was traced, and gives a `Figure`, whose `plot`
may be HTML (`Markup` from a template in `pipelines/report/templates`) as well as a Plotly chart.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pipelines import artifacts
from pipelines.analysis import explain, gates
from pipelines.contract import Array
from pipelines.inspect import tracks
from pipelines.inspect.command import RECORD
from pipelines.inspect.inspection import Inspection
from pipelines.report import explanations, inside, microscope, pages, texts
from pipelines.report.figures import Figure
from pipelines.report.language import _, listed, shown

MOST_UNITS = 48
"""Of each layer, in charts of all units; more could not be told apart."""
MOST_STEPS = 300
"""Of each sequence, in charts of single sequences: the last ones."""
MOST_TOKENS = 400
"""Of each coloured text."""
SCRIPT = "microscope.js"
"""The data of the microscope, beside the page."""
TARGET = "model"
"""In the names of charts, where a task has its target."""


def write(folder: Path, inspection: Inspection, facts: dict[str, Any]) -> None:
    """Write the page to `folder`, which exists."""
    drawn, failures = _drawn(inspection)
    explanation = replace(inspection.explanation, failures={**inspection.explanation.failures, **failures})
    template = pages.environment(".", alone=True).get_template("inspection.html")
    scope = _write_microscope(folder, inspection, facts["model"])
    text = template.render(facts=facts, explanation=explanation, figures=drawn, microscope=scope)
    (folder / "index.html").write_text(text, encoding="utf-8")
    pages.write_assets(folder / "assets")
    artifacts.write_json(folder / RECORD, {"facts": facts, "layers": _numbers(inspection)})


def _write_microscope(folder: Path, inspection: Inspection, model: str) -> dict[str, Any] | None:
    """The data of the microscope, and what its component needs; None where no layer has a record."""
    if not inspection.microscope.layers:
        return None
    script = microscope.data_script(model, TARGET, inspection.microscope, tracks.of_layers(inspection))
    (folder / SCRIPT).write_text(script, encoding="utf-8")
    return {**microscope.component(model, [TARGET], [model]), "targets": [{"name": TARGET, "scripts": {model: SCRIPT}}]}


def figures(inspection: Inspection) -> dict[str, Callable[[], list[Figure]]]:
    """What is drawn, in the order in which it is shown: name -> some charts."""
    explanation = inspection.explanation
    return {
        "coloured texts": lambda: coloured_texts(inspection),
        "charts of states": lambda: [states(trace, inspection.examples) for trace in inspection.traces],
        "charts of gates and memory": lambda: inside.of_explanation(explanation, TARGET, MOST_UNITS, MOST_STEPS),
        "charts of gradients": lambda: explanations.own_dependency(explanation, TARGET),
        "charts of importance": lambda: explanations.importance(
            explanation, inspection.features, TARGET, inspection.outputs.short if inspection.outputs else None
        ),
    }


def _drawn(inspection: Inspection) -> tuple[list[Figure], dict[str, str]]:
    """The charts, and those that failed with the reason: one must not keep the others from a user who has waited for them."""
    drawn: list[Figure] = []
    failures = {}
    for name, draw in figures(inspection).items():
        try:
            drawn += draw()
        except Exception as error:
            failures[name] = explain.reason(error)
    return drawn, failures


def states(trace: gates.Trace, examples: Array) -> Figure:
    """What a layer remembers at each step of some sequences: its hidden state and its other states, of some of its units."""
    named = {"hidden state": trace.hidden_state, "cell state": trace.cell_state, **trace.other_states}
    found = {name: values for name, values in named.items() if values is not None}
    panels, left_out = {}, []
    for name, values in found.items():
        order = np.argsort(values[:, -1].mean(0))
        chosen = order[np.linspace(0, len(order) - 1, min(MOST_UNITS, len(order))).round().astype(int)]
        panels[name] = values[examples][:, :, chosen]
        if len(chosen) < len(order):
            left_out.append(_("Drawn are {chosen} of {all} units, evenly chosen.", chosen=len(chosen), all=len(order)))
    valid = np.ones(trace.hidden_state.shape[:2], bool) if trace.mask is None else trace.mask
    if valid[examples].sum(1).max() > MOST_STEPS:
        left_out.append(_("Drawn are the last {steps} steps.", steps=MOST_STEPS))
    bound = max(float(np.quantile(np.abs(values), 0.99)) for values in panels.values()) or 1.0
    shows = _(
        "What the units of {layer} ({cell}) remember ({states}) at each step of an example, as the layer itself computes it; units sorted "
        "by their mean after the last step.",
        states=listed(*map(shown, panels)),
        layer=trace.layer,
        cell=trace.cell,
    )
    return Figure(
        f"states-{trace.key.replace('/', '-')}",
        _("States of {layer}", layer=texts.name_of(trace.layer, trace.direction)),
        " ".join([shows, *dict.fromkeys(left_out)]),
        _(
            "A row of one colour is a unit that holds something; one that changes at every step passes its input on. Where all rows "
            "change at once, the sequence has said something new."
        ),
        inside.heatmaps(
            panels, inside.newest(list(valid[examples]), trace.direction, MOST_STEPS), trace.direction, bound
        ),
    )


def coloured_texts(inspection: Inspection) -> list[Figure]:
    """The sequences of ids as texts, coloured by contributions, gates and memory."""
    tokens, vocabulary = inspection.tokens, inspection.vocabulary
    if tokens is None:
        return []
    ids = inspection.inputs.arrays[tokens.input]
    time = ids.shape[1] if ids.ndim == 2 else 0
    valid = inspection.valid if inspection.valid is not None and inspection.valid.shape[1] == time else None
    traces = [
        trace for trace in inspection.traces if trace.hidden_state.shape[1] == time and "/call_" not in trace.layer
    ]
    importance = inspection.explanation.importance
    named = {}
    for index, row in enumerate(inspection.explained if traces else ()):
        read = np.ones(time, bool) if valid is None else valid[row]
        steps = read & (np.cumsum(read) <= MOST_TOKENS)
        if not steps.any():
            continue
        words = [vocabulary[int(identity)] or "·" if vocabulary else str(int(identity)) for identity in ids[row][steps]]
        layers = {}
        if importance is not None and importance.values.shape[1] == time:
            values = importance.values[index, time - read.sum() :, 0][: steps.sum()]
            layers[_("contribution")] = texts.Layer(
                values[None] / (np.abs(importance.values[index]).max() or 1), [_("of each step")]
            )
        for trace in traces:
            for name, values in gates.of_row(trace, row, steps).items():
                layers[texts.part_name(name)] = texts.Layer(
                    values[:MOST_UNITS], [_("unit {unit}", unit=unit) for unit in range(min(MOST_UNITS, len(values)))]
                )
        named[_("row {row}", row=inspection.inputs.rows[row])] = ([f"{word} " for word in words], layers)
    if not named or len({tuple(layers) for _, layers in named.values()}) > 1:
        return []
    shows = _(
        "Sequences of the file, coloured by what each step adds to what is explained (relative to the largest), or by a gate or the "
        "memory of one unit. The first {units} units and the first {steps} steps can be chosen.",
        units=MOST_UNITS,
        steps=MOST_TOKENS,
    )
    return [
        Figure(
            "texts",
            _("Read step by step"),
            " ".join(
                [
                    shows,
                    *(
                        []
                        if vocabulary
                        else [_("Words instead of ids: give the vocabulary by --names, a line for each id.")]
                    ),
                ]
            ),
            _("Blue is for, red against. Look for units whose memory changes where the meaning does."),
            texts.coloured(named, _("unit")),
        )
    ]


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
