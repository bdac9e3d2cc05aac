"""What happens inside a network, as charts: gates, their saturation, memory, and how long it lasts."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.contract import Explanation, GateRecord, LayerRecord, MemoryRecord
from pipelines.report import figures as charts
from pipelines.report.figures import Figure
from pipelines.report.language import _, mark, shown
from pipelines.report.texts import layer_name

SYMBOLS = ("circle", "diamond", "square", "cross", "x", "triangle-up")


def of_explanation(
    explanation: Explanation, target: str, most_units: int | None = None, most_steps: int | None = None
) -> list[Figure]:
    """Gates of every layer that has some, of at most so many units and steps (None: of all); memory of the last."""
    gated = [layer for layer in explanation.layers if layer.gates]
    memory = explanation.memory
    return [
        *(gates_chart(layer, target, most_units, most_steps) for layer in gated),
        *([_saturation(gated, target, explanation.windows)] if gated else []),
        *([memory_chart(memory, layer_of(memory, gated), target), _time_constants(memory, target)] if memory else []),
    ]


def layer_of(memory: MemoryRecord, layers: list[LayerRecord]) -> LayerRecord | None:
    """The layer whose memory it is, unless that has no gates."""
    found = [layer for layer in layers if (layer.layer, layer.direction) == (memory.layer, memory.direction)]
    return found[0] if found else None


def _read(layer: LayerRecord, window: int) -> NDArray[np.bool_]:
    """Which steps of a test window the layer has read, (time,): all but padding."""
    values = next(iter(layer.gates.values())).values[window]
    return ~np.isnan(values).all(-1)


# Gates


def gates_chart(
    layer: LayerRecord, target: str, most_units: int | None = None, most_steps: int | None = None
) -> Figure:
    """The gates of the units of a layer at every step of an example, of which there is a choice if there are several.

    At most so many units and, of each example, steps are drawn (None: all).
    """
    names = list(layer.gates)
    units = next(iter(layer.gates.values())).values.shape[2]
    drawn = evenly_chosen(layer, most_units or units)
    read = [_read(layer, window) for window in range(len(drawn.gates[names[0]].values))]
    left_out = []
    if most_units and most_units < units:
        left_out.append(_("Drawn are {units} of them, evenly chosen.", units=most_units))
    if most_steps and max(steps.sum() for steps in read) > most_steps:
        left_out.append(_("Drawn are the last {steps} steps.", steps=most_steps))
    shows = _(
        "The {gates} of all {units} units at each step of an example, units sorted by the mean of the {first}. Recomputed from "
        "the weights; a recomputed step differs from the layer's own by at most {discrepancy:.0e} of its scale.",
        gates=", ".join(map(shown, names)),
        units=units,
        first=shown(names[0]),
        discrepancy=layer.discrepancy,
    )
    return Figure(
        f"gates-{target}-{layer.layer.replace('/', '-')}-{layer.direction}",
        _("Gates of {name}", name=layer_name(layer)),
        " ".join([shows, *left_out]),
        shown(layer.reading),
        heatmaps(
            {name: gate.values for name, gate in drawn.gates.items()},
            newest(read, layer.direction, most_steps),
            layer.direction,
        ),
    )


def evenly_chosen(layer: LayerRecord, most_units: int) -> LayerRecord:
    """The layer with at most so many units, in the order of the mean of the first gate, evenly from the most closed to the most open."""
    order = np.argsort(np.nanmean(next(iter(layer.gates.values())).values, axis=(0, 1)))
    chosen = order[np.linspace(0, len(order) - 1, min(most_units, len(order))).round().astype(int)]
    return replace(layer, gates={name: GateRecord(gate.values[:, :, chosen]) for name, gate in layer.gates.items()})


def newest(read: list[NDArray[np.bool_]], direction: str, most: int | None) -> list[NDArray[np.bool_]]:
    """Of the steps that are read of each example, the `most` newest (None: all): the last ones, or the first of a backward layer."""
    if most is None:
        return read
    if direction == "backward":
        return [steps & (steps.cumsum() <= most) for steps in read]
    return [steps & (steps[::-1].cumsum()[::-1] <= most) for steps in read]


def heatmaps(panels: dict[str, NDArray[Any]], read: list[NDArray[np.bool_]], direction: str, bound: float = 1.0) -> Any:
    """A panel for each of `panels`, (examples, time, units): a row for each unit, of the steps of an example that are `read`.

    A candidate and states (`… state …`) are drawn from −`bound` to `bound`, gates from 0 to 1.
    """
    from plotly.subplots import make_subplots

    names = list(panels)
    times = [charts.times(steps.sum(), direction) for steps in read]
    plot = make_subplots(
        rows=1,
        cols=len(names),
        subplot_titles=[shown(name) for name in names],
        shared_yaxes=True,
        horizontal_spacing=0.03,
    )
    for column, (name, values) in enumerate(panels.items(), start=1):
        kind = name if name == "candidate" else mark("state") if "state" in name else mark("gate")
        plot.add_heatmap(
            z=_grid(values[0][read[0]]),
            x=times[0],
            row=1,
            col=column,
            zmin=0 if kind == "gate" else -bound,
            zmax=1 if kind == "gate" else bound,
            colorscale="Viridis" if kind == "gate" else "RdBu",
            showscale=column in (1, len(names)) if "candidate" in names else column == len(names),
            colorbar={
                "title": shown(kind),
                "x": 1.1 if kind == "candidate" else 1.0,
                "thickness": 14,
            },
            hovertemplate=_("step %{x}, unit %{y}: %{z}") + f"<extra>{shown(name)}</extra>",
        )
    choices = [
        {
            "label": _("example {example}", example=example + 1),
            "method": "restyle",
            "args": [
                {
                    "z": [_grid(values[example][steps]) for values in panels.values()],
                    "x": [times[example]] * len(names),
                }
            ],
        }
        for example, steps in enumerate(read)
    ]
    base = charts.empty("", "", height=360)
    plot.update_layout(
        template=base.layout.template,
        font=base.layout.font,
        height=360,
        margin={"l": 56, "r": 130, "t": 64, "b": 48},
        updatemenus=[{"buttons": choices, "x": 0, "y": 1.28, "xanchor": "left", "yanchor": "top"}],
    )
    plot.update_xaxes(title=_("steps before the prediction"), col=1)
    plot.update_yaxes(title=_("unit"), col=1)
    return plot


def _saturation(layers: list[LayerRecord], target: str, windows: int) -> Figure:
    plot = charts.empty(_("share of steps closed (below 0.1)"), _("share of steps open (above 0.9)"))
    for index, layer in enumerate(layers):
        for color, (name, gate) in enumerate(layer.gates.items()):
            if gate.closed is None:
                continue
            plot.add_scatter(
                x=charts.plain(gate.closed),
                y=charts.plain(gate.open),
                mode="markers",
                name=f"{layer_name(layer)}: {shown(name)}",
                marker={
                    "color": charts.COLORS[color],
                    "symbol": SYMBOLS[index % len(SYMBOLS)],
                    "size": 7,
                    "opacity": 0.7,
                },
                hovertemplate=_("unit %{pointNumber}: closed %{x:.1%}, open %{y:.1%}"),
            )
    plot.update_layout(hovermode="closest")
    plot.update_xaxes(tickformat=".1%", rangemode="tozero")
    plot.update_yaxes(tickformat=".1%", rangemode="tozero")
    return Figure(
        f"saturation-{target}",
        _("How often each gate is saturated"),
        _(
            "One point for each unit and gate: the share of steps, over {windows} examples, at which the gate is closed or "
            "open (after Karpathy et al. 2015).",
            windows=windows,
        ),
        _(
            "Points at the origin are gates that are always half open: they scale rather than decide. Forget or update gates "
            "high up hold memory over long times; points far right are units that are rarely used. Saturated gates let "
            "little gradient through."
        ),
        plot,
    )


# Memory


def memory_chart(memory: MemoryRecord, layer: LayerRecord | None, target: str) -> Figure:
    """The states of the units most correlated with the output; `layer` tells which steps are padding."""
    state = memory.hidden_state if memory.cell_state is None else memory.cell_state
    read = np.ones(state.shape[1], bool) if layer is None else _read(layer, 0)
    times = charts.times(read.sum(), memory.direction)
    plot = charts.empty(_("steps before the prediction"), _("state"))
    for index, (unit, correlation) in enumerate(zip(memory.units, memory.correlations, strict=True)):
        color = charts.COLORS[index % len(charts.COLORS)]
        name = _("unit {unit} (r = {correlation:+.2f})", unit=unit, correlation=correlation)
        charts.add_line(plot, name, times, state[0, read, index], color=color)
        if memory.cell_state is not None:
            hidden = memory.hidden_state[0, read, index]
            charts.add_line(plot, name, times, hidden, color=color, dash="dot", legend=False)
    kind = _("hidden state") if memory.cell_state is None else _("cell state (solid) and hidden state (dotted)")
    return Figure(
        f"memory-{target}",
        _("Memory of the units of {layer} most correlated with the output", layer=memory.layer),
        _(
            "The {kind} over one example. Chosen are the units whose memory after the last step is most correlated with the "
            "output: r is Pearson's correlation with the mean output over the examples.",
            kind=kind,
        ),
        _(
            "A line that drifts slowly integrates over many steps; one that follows every step only passes the input on. An "
            "LSTM's cell state may leave the range −1 to 1, which is how it counts; a GRU's state cannot."
        ),
        plot,
    )


def _time_constants(memory: MemoryRecord, target: str) -> Figure:
    plot = charts.empty(_("units, from the shortest to the longest memory"), _("steps"), height=320)
    measured = np.sort(memory.autocorrelation_times)
    ranks = list(range(1, len(measured) + 1))
    charts.add_line(plot, _("what the memory does (autocorrelation)"), ranks, measured, color=charts.COLORS[0])
    if memory.gate_time_constants is not None:
        by_gate = np.sort(memory.gate_time_constants)
        charts.add_line(plot, _("what the gate alone would do"), ranks, by_gate, color=charts.COLORS[1])
    plot.update_yaxes(type="log")
    return Figure(
        f"time-constants-{target}",
        _("How long the units of {layer} remember", layer=memory.layer),
        _(
            "Two time constants of each unit, in steps: −1 / ln of its mean forget or update gate (Tallec & Ollivier 2018), "
            "and the lag at which the autocorrelation of its memory falls below 1/e."
        ),
        _(
            "Where the second line lies far above the first, memory is kept by recurrent connections between units (or the "
            "input itself changes slowly), not by gates. A spread over orders of magnitude means that units share the work "
            "among time scales."
        ),
        plot,
    )


def _grid(values: Any) -> list[list[float]]:
    """(time, units) as rows of units, rounded for compact JSON."""
    return np.round(values.T.astype(np.float64), 2).tolist()
