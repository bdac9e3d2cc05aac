"""`inspect MODEL.keras INPUTS.npy`: checks what can be checked before TensorFlow is imported, then loads, traces, explains, writes."""

import argparse
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import artifacts, progress
from pipelines.errors import OutputError, UsageError
from pipelines.inspect import archive, files, names

if TYPE_CHECKING:
    from pipelines.inspect.inspection import Inspection

RECORD = "inspection.json"
"""The file by which an earlier inspection is recognised."""


def run(options: argparse.Namespace) -> None:
    """Write the page; raise `UserError` for what the user can put right."""
    model, inputs = Path(options.model), Path(options.inputs)
    code = Path(options.code) if options.code else None
    out = Path(options.out or f"{model.stem}-inspection")
    _check_out(out, [model, inputs, *([code] if code else []), *([Path(options.names)] if options.names else [])])
    described, stored = archive.read(model), files.stored(inputs)
    lines = names.read(options.names) if options.names else []

    from pipelines.nn import hardware

    hardware.set_up()
    from pipelines.inspect import inspection, loading, page
    from pipelines.inspect.inputs import Named, read

    network = loading.load(model, described, code)
    chosen = read(inputs, network, inspection.units(network))
    progress.say(f"{model.name}: tracing {len(chosen)} sequences")
    found = inspection.inspected(Named(network), chosen, _output_names(network), options.names, lines)
    with artifacts.replacing_folder(out) as folder:
        page.write(folder, found, _facts(model, inputs, described, stored, network, found))
    for part, reason in found.explanation.failures.items():
        progress.say(f"{model.name}: {part} cannot be shown: {reason}")
    progress.say(f"{model.name}: the page is {out / 'index.html'}")


def _check_out(out: Path, read: list[Path]) -> None:
    """Raise `UserError` unless `out` is new, empty or an earlier inspection, and holds nothing that is read."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise OutputError(f"{out}: exists and is not a folder; name another by --out")
    if out.is_dir() and any(out.iterdir()) and not (out / RECORD).is_file():
        raise OutputError(
            f"{out}: holds files that are not those of an earlier inspection; name another folder by --out"
        )
    if inside := next((file for file in read if out.resolve() in file.resolve().parents and out.exists()), None):
        raise UsageError(f"{inside}: lies in {out}, which the page would replace; name another folder by --out")


def _output_names(network: Any) -> list[str]:
    return list(getattr(network, "output_names", None) or [])


def _facts(
    model: Path, inputs: Path, described: archive.Archive, stored: Any, network: Any, found: "Inspection"
) -> dict[str, Any]:
    """What the page says of the files, the model and its layers, in words and numbers."""
    import keras
    import tensorflow as tf

    from pipelines.analysis.recording import cells, recurrent
    from pipelines.inspect.inputs import wanted

    specs = wanted(network)
    rows, unknown = [], []
    untraced = {
        what.removeprefix("gates of "): reason
        for what, reason in found.explanation.failures.items()
        if what.startswith("gates of ")
    }
    for trace in found.traces:
        reason = untraced.get(trace.layer)
        shown = ", ".join(gate for gate in trace.gates if gate != "candidate")
        rows.append(
            {
                "name": trace.name,
                "cell": trace.cell,
                "units": trace.hidden_state.shape[2],
                "steps": trace.hidden_state.shape[1],
                "gates": f"not shown: {reason}" if reason else shown or "none: the cell has no gates",
            }
        )
    traced = {trace.layer for trace in found.traces}
    rows += [
        {"name": name, "cell": "–", "units": None, "steps": None, "gates": f"not traced: {reason}"}
        for name, reason in untraced.items()
        if name not in traced
    ]
    for _, layer in recurrent(network, ""):
        unknown += [
            type(cell).__name__
            for _, cell in cells(layer)
            if any(f"{type(cell).__name__}, are not known" in r for r in untraced.values())
        ]
    by_input = {name: stored.get(name) or next(iter(stored.values())) for name in found.inputs.arrays}
    return {
        "model": model.name,
        "inputs": inputs.name,
        "parameters": network.count_params(),
        "arrays": [
            {
                "name": name,
                "wanted": f"{specs[name].shape} {specs[name].dtype}" if specs else "whatever its code reads",
                "stored": f"{by_input[name].shape} {by_input[name].dtype}",
                "read": str(array.shape),
            }
            for name, array in found.inputs.arrays.items()
        ],
        "notes": [*found.inputs.notes, *found.notes],
        "explained": _explained(found),
        "layers": rows,
        "unknown_cells": list(dict.fromkeys(unknown)),
        "provenance": {
            "Model": f"{model.name}, {model.stat().st_size:,} bytes, SHA-256 {_hash(model)}",
            "Inputs": f"{inputs.name}, {inputs.stat().st_size:,} bytes, SHA-256 {_hash(inputs)}",
            "Rows read": ", ".join(map(str, found.inputs.rows)),
            "Written by": f"Keras {described.keras}",
            "Inspected with": f"Keras {keras.__version__}, TensorFlow {tf.__version__}",
        },
    }


def _explained(found: "Inspection") -> str:
    if found.entrance is None or found.outputs is None:
        return ""
    which = (
        f"the first of {found.entrance.calls} calls of {found.entrance.path}"
        if found.entrance.calls > 1
        else f"the layer {found.entrance.path}"
    )
    return f"Gradients and contributions are those of what {which} reads, and explain of the model {found.outputs.sentence}"


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
