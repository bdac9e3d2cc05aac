"""What the page of an inspection says of the files, the model and its layers, in words and numbers."""

import hashlib
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from pipelines.analysis.recording import cells, recurrent
from pipelines.inspect.archive import Archive
from pipelines.inspect.files import Stored
from pipelines.inspect.inputs import wanted
from pipelines.inspect.inspection import Inspection
from pipelines.report import language, texts
from pipelines.report.language import _, shown


def of(
    model: Path,
    inputs: Path,
    described: Archive,
    stored: dict[str | None, Stored],
    network: keras.Model,
    found: Inspection,
    changes: list[str],
) -> dict[str, Any]:
    """What the page says; `changes` are those of the model, in sentences."""
    specs = wanted(network)
    rows, unknown = _layers(network, found)
    by_input = {name: stored.get(name) or next(iter(stored.values())) for name in found.inputs.arrays}
    return {
        "model": model.name,
        "inputs": inputs.name,
        "parameters": network.count_params(),
        "arrays": [
            {
                "name": name,
                "wanted": f"{specs[name].shape} {specs[name].dtype}" if specs else _("whatever its code reads"),
                "stored": f"{by_input[name].shape} {by_input[name].dtype}",
                "read": str(array.shape),
            }
            for name, array in found.inputs.arrays.items()
        ],
        "notes": [*found.inputs.notes, *changes, *found.notes],
        "explained": _explained(found),
        "layers": rows,
        "unknown_cells": unknown,
        "provenance": {
            _("Model"): _file(model),
            _("Inputs"): _file(inputs),
            _("Rows read"): ", ".join(map(str, found.inputs.rows)),
            _("Written by"): f"Keras {described.keras}",
            _("Inspected with"): f"Keras {keras.__version__}, TensorFlow {tf.__version__}",
        },
    }


def _layers(network: keras.Model, found: Inspection) -> tuple[list[dict[str, Any]], list[str]]:
    """A row for each layer, direction and call; and the cells whose equations are not known."""
    rows: list[dict[str, Any]] = []
    unknown: list[str] = []
    untraced = {
        what.removeprefix("gates of "): reason
        for what, reason in found.explanation.failures.items()
        if what.startswith("gates of ")
    }
    for trace in found.traces:
        reason = untraced.get(trace.layer)
        gates = ", ".join(shown(gate) for gate in trace.gates if gate != "candidate")
        rows.append(
            {
                "name": texts.name_of(trace.layer, trace.direction),
                "cell": trace.cell,
                "units": trace.hidden_state.shape[2],
                "steps": trace.hidden_state.shape[1],
                "gates": _("not shown: {reason}", reason=reason)
                if reason
                else gates or _("none: the cell has no gates"),
            }
        )
    traced = {trace.layer for trace in found.traces}
    rows += [
        {"name": name, "cell": "–", "units": None, "steps": None, "gates": _("not traced: {reason}", reason=reason)}
        for name, reason in untraced.items()
        if name not in traced
    ]
    for __, layer in recurrent(network, ""):
        unknown += [
            type(cell).__name__
            for __, cell in cells(layer)
            if any(f"{type(cell).__name__}, are not known" in r for r in untraced.values())
        ]
    return rows, list(dict.fromkeys(unknown))


def _explained(found: Inspection) -> str:
    if found.entrance is None or found.outputs is None:
        return ""
    if found.entrance.calls > 1:
        where = _(
            "Gradients and contributions refer to the input of the layer {layer}, in the first of its {calls} calls.",
            layer=found.entrance.path,
            calls=found.entrance.calls,
        )
    else:
        where = _("Gradients and contributions refer to the input of the layer {layer}.", layer=found.entrance.path)
    return f"{where} {found.outputs.sentence}"


def _file(path: Path) -> str:
    size = language.fill("{bytes:,}", bytes=path.stat().st_size)
    return _("{file}, {size} bytes, SHA-256 {hash}", file=path.name, size=size, hash=_hash(path))


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
