"""What one task gives to the guided tour: facts about its networks, and a few of their charts, thinned."""

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from pipelines.contract import Explanation, GateRecord, MemoryRecord
from pipelines.report import explanations, inside, language
from pipelines.report.figures import Figure
from pipelines.report.language import shown
from pipelines.report.texts import layer_name
from pipelines.results import Results

if TYPE_CHECKING:
    import plotly.graph_objects as go

DRAWN_UNITS = 48
"""Units of a layer whose gates the tour draws; the model's own page draws all."""


@dataclass(frozen=True)
class Chart:
    """A Plotly chart as plain data, with its captions."""

    name: str
    title: str
    shows: str
    reading: str
    plot: dict[str, Any]


@dataclass(frozen=True)
class Saturation:
    """How often one gate of a layer is closed (below 0.1) and open (above 0.9): mean shares over units and steps."""

    layer: str
    gate: str
    closed: float
    open: float


@dataclass(frozen=True)
class Network:
    """One model on one target."""

    model: str
    cells: list[str]
    units: list[int]
    bidirectional: bool
    attention: bool
    encoder_decoder: bool
    budget: bool
    """Whether its units come from a number of parameters."""
    parameters: int
    seconds_per_epoch: float
    mean: float
    """Of the primary metric over seeds, on test data."""
    std: float | None
    memory_length: float | None
    """How many of the last steps hold 90 % of the gradient."""
    saturation: list[Saturation]
    clipped: float
    """Share of the epochs whose mean gradient norm was above the limit of clipping."""

    def is_plain(self, cell: str) -> bool:
        """Whether all its layers are of this cell and read forward, without attention."""
        return set(self.cells) == {cell} and not (self.bidirectional or self.attention or self.encoder_decoder)


@dataclass(frozen=True)
class Material:
    """One target of a task."""

    task: str
    title: str
    target: str
    only_target: bool
    sequence: str
    """What its sequences are: measurements, text, …"""
    step: str
    steps: int
    examples: int
    """Of training."""
    metric: str
    lower_is_better: bool
    baseline: str
    baseline_value: float
    outcome: str
    """`won`, `lost` or `even`: the best network against the best baseline."""
    best: str
    alike: list[str]
    """Models that are not significantly worse than the best."""
    recommended: str
    networks: list[Network]
    lstm: str | None
    """The plain LSTM whose gates and memory are drawn."""
    gates: Chart | None
    memory: Chart | None
    training: Chart
    dependency: Chart | None

    @property
    def problem(self) -> str:
        """For sentences."""
        title = language.lower(self.title)
        return title if self.only_target else f"{title} ({self.target})"

    def network(self, model: str) -> Network:
        """The network of that name."""
        return next(network for network in self.networks if network.model == model)

    def plain(self, cell: str) -> Network | None:
        """The first network of one cell, forward and without attention."""
        return next((network for network in self.networks if network.is_plain(cell)), None)


@dataclass(frozen=True)
class Tour:
    """`tour.json` of a task."""

    materials: list[Material]


def of_task(results: Results, title: str, sequence: str, models: dict[str, Any]) -> list[Material]:
    """What a task gives; `sequence` says what its sequences are, `models` are its blocks of parameters by name."""
    return [_of_target(results, title, sequence, target, models) for target in results.targets]


def _of_target(results: Results, title: str, sequence: str, target: str, models: dict[str, Any]) -> Material:
    decision, meta = results.decisions[target], results.target_meta[target]
    networks = [_network(results, target, model, models[model]) for model in results.models]
    lstm = next((network.model for network in networks if network.is_plain("lstm")), None)
    explanation = results.explanation(lstm, target) if lstm else None
    return Material(
        task=results.task,
        title=shown(title),
        target=target,
        only_target=len(results.targets) == 1,
        sequence=shown(sequence),
        step=meta["step"],
        steps=meta["lookback"],
        examples=meta["splits"]["train"]["windows"],
        metric=decision["metric"]["title"],
        lower_is_better=decision["metric"]["lower_is_better"],
        baseline=decision["baseline"],
        baseline_value=decision["baseline_value"],
        outcome=decision["outcome"],
        best=decision["best"],
        alike=decision["alike"],
        recommended=decision["model"],
        networks=networks,
        lstm=lstm,
        gates=_gates(explanation, target) if explanation else None,
        memory=_memory(explanation, target) if explanation else None,
        training=_chart(explanations.training_chart(results, target)),
        dependency=_chart(explanations.dependency_chart(results, target))
        if any(network.memory_length is not None for network in networks)
        else None,
    )


def _network(results: Results, target: str, model: str, block: Any) -> Network:
    explanation, trained = results.explanation(model, target), results.training(model)
    primary = results.metrics(model)["test"][target][results.decisions[target]["metric"]["name"]]
    history = results.history(model).query("target == @target")
    clip = trained["targets"][target]["clip_norm"]
    return Network(
        model=model,
        **architecture(block),
        parameters=trained["targets"][target]["parameters"],
        seconds_per_epoch=float(history["seconds"].mean()),
        mean=primary["mean"],
        std=primary["std"],
        memory_length=explanation.gradients[-1].memory_length if explanation.gradients else None,
        saturation=[
            Saturation(layer_name(layer), name, float(gate.closed.mean()), float(gate.open.mean()))
            for layer in explanation.layers
            for name, gate in layer.gates.items()
            if gate.closed is not None and gate.open is not None
        ],
        clipped=float((history["gradient_norm"] > clip).mean()) if clip else 0.0,
    )


def architecture(block: Any) -> dict[str, Any]:
    """What a model's block of parameters says of its layers."""
    return {
        "cells": [layer.cell for layer in block.recurrent],
        "units": [layer.units for layer in block.recurrent],
        "bidirectional": any(layer.bidirectional for layer in block.recurrent),
        "attention": bool(getattr(block, "attention", None)) or getattr(block, "pooling", None) == "attention",
        "encoder_decoder": hasattr(block, "encoder"),
        "budget": block.parameters is not None or block.match is not None if hasattr(block, "match") else False,
    }


def _gates(explanation: Explanation, target: str) -> Chart | None:
    """The gates of the first layer over one example, of `DRAWN_UNITS` units evenly chosen from the most closed to the most open."""
    layer = next((layer for layer in explanation.layers if layer.gates), None)
    if layer is None:
        return None
    one = replace(layer, gates={name: GateRecord(gate.values[:1]) for name, gate in layer.gates.items()})
    return _chart(inside.gates_chart(one, target, DRAWN_UNITS))


def _memory(explanation: Explanation, target: str) -> Chart | None:
    memory: MemoryRecord | None = explanation.memory
    if memory is None:
        return None
    return _chart(inside.memory_chart(memory, inside.layer_of(memory, explanation.layers), target))


def _chart(figure: Figure) -> Chart:
    plot = json.loads(cast("go.Figure", figure.plot).to_json())
    plot["layout"].pop("template", None)
    plot["layout"].pop("updatemenus", None)  # the tour shows one example
    return Chart(figure.name, figure.title, figure.shows, figure.reading, plot)
