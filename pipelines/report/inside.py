"""What happens inside a network, as charts: gates, their saturation, memory, and how long it lasts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.contract import LayerRecord, MemoryRecord
from pipelines.report import figures as charts
from pipelines.report.figures import Figure
from pipelines.report.language import _, shown
from pipelines.report.texts import layer_name
from pipelines.results import Results

SYMBOLS = ("circle", "diamond", "square", "cross", "x", "triangle-up")


def of_model(results: Results, target: str, model: str) -> list[Figure]:
    """Gates of every layer that has some; memory of the last."""
    explanation = results.explanation(model, target)
    gated = [layer for layer in explanation.layers if layer.gates]
    memory = explanation.memory
    return [
        *(gates_chart(layer, target) for layer in gated),
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


def gates_chart(layer: LayerRecord, target: str) -> Figure:
    """The gates of all units of a layer at every step of an example, of which there is a choice if there are several."""
    from plotly.subplots import make_subplots

    names = list(layer.gates)
    # Units in the order of the first gate's mean, the same order in every panel.
    order = np.argsort(np.nanmean(layer.gates[names[0]].values, axis=(0, 1)))
    panels = {name: gate.values[:, :, order] for name, gate in layer.gates.items()}
    windows, _time, units = panels[names[0]].shape
    read = [_read(layer, window) for window in range(windows)]
    times = [charts.times(steps.sum(), layer.direction) for steps in read]

    plot = make_subplots(
        rows=1,
        cols=len(names),
        subplot_titles=[shown(name) for name in names],
        shared_yaxes=True,
        horizontal_spacing=0.03,
    )
    for column, (name, values) in enumerate(panels.items(), start=1):
        candidate = name == "candidate"
        plot.add_heatmap(
            z=_grid(values[0][read[0]]),
            x=times[0],
            row=1,
            col=column,
            zmin=-1 if candidate else 0,
            zmax=1,
            colorscale="RdBu" if candidate else "Viridis",
            showscale=column in (1, len(names)),
            colorbar={
                "title": _("candidate") if candidate else _("gate"),
                "x": 1.1 if candidate else 1.0,
                "thickness": 14,
            },
            hovertemplate=_("step %{x}, unit %{y}: %{z}") + f"<extra>{shown(name)}</extra>",
        )
    choices = [
        {
            "label": _("test example {window}", window=window + 1),
            "method": "restyle",
            "args": [
                {
                    "z": [_grid(values[window][read[window]]) for values in panels.values()],
                    "x": [times[window]] * len(names),
                }
            ],
        }
        for window in range(windows)
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
    return Figure(
        f"gates-{target}-{layer.layer.replace('/', '-')}-{layer.direction}",
        _("Gates of {name}", name=layer_name(layer)),
        _(
            "The {gates} of all {units} units at each step of a test window, units sorted by the mean of the {first}. "
            "Recomputed from the weights; a recomputed step differs from the layer's own by at most {discrepancy:.0e} of its "
            "scale.",
            gates=", ".join(map(shown, names)),
            units=units,
            first=shown(names[0]),
            discrepancy=layer.discrepancy,
        ),
        shown(layer.reading),
        plot,
    )


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
            "One point for each unit and gate: the share of steps, over {windows} test windows, at which the gate is closed "
            "or open (after Karpathy et al. 2015).",
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
            "The {kind} over one test window. Chosen are the units whose memory after the last step is most correlated with "
            "the output: r is Pearson's correlation with the mean output over the test windows.",
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
