"""The microscope: a page on which one looks at a sequence and at the inside of a network at the same time.

It knows records and tracks, and no task: `data_script` makes of them what the browser reads, `component` what the template
`microscope_component.html` shows.
"""

import base64
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from pipelines.artifacts import plain
from pipelines.contract import Array, Levels, Microscope, MicroscopeLayer
from pipelines.report import language, texts
from pipelines.report.microscope_texts import TEXTS
from pipelines.report.tracks import Track

FOLDER = "microscope"
"""Of a task's reports, in it a page for each model and a folder with its data."""
ASSETS = ("microscope.css", "microscope-data.js", "microscope-draw.js", "microscope-pane.js", "microscope.js")
LARGEST_LEVEL = 254


def write_assets(folder: Path) -> None:
    """The scripts and the style sheet of the component."""
    for name in ASSETS:
        shutil.copyfile(texts.TEMPLATES / name, folder / name)


def component(model: str, targets: Sequence[str], models: Sequence[str], folder: str = "") -> dict[str, Any]:
    """What the component's script needs to know: which network it shows first, where the data of each lie, and what it says.

    `folder` leads from the page to the data: the same for the pages in all languages.
    """
    return {
        "model": model,
        "models": list(models),
        "targets": [
            {"name": target, "scripts": {name: quote(folder) + data_path(name, target, quoted=True) for name in models}}
            for target in targets
        ],
        "texts": {name: language.gettext(text) for name, text in TEXTS.items()},
    }


def data_path(model: str, target: str, quoted: bool = False) -> str:
    """From the page to the data of a model on a target; `quoted` as an address."""
    path = f"{model}/{target}.js"
    return quote(path) if quoted else path


def write_data(path: Path, model: str, target: str, record: Microscope, tracks: Sequence[Track]) -> None:
    """The script that gives the browser a network's data, which it loads without a server."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data_script(model, target, record, tracks), encoding="utf-8")


def data_script(model: str, target: str, record: Microscope, tracks: Sequence[Track]) -> str:
    """The same as text. `tracks` are of the whole sequences of the record, then of the further ones."""
    content = {
        "model": model,
        "target": target,
        "whole": len(record.sequences),
        "layers": [_layer(layer, tracks) for layer in record.layers],
        "tracks": [_track(track, _kept(record, track), len(record.sequences)) for track in tracks],
    }
    key = texts.script_json(f"{model}/{target}")
    return f"(window.microscopeData ??= {{}})[{key}] = {texts.script_json(plain(content))};\n"


def _reads(layer: MicroscopeLayer, track: Track) -> bool:
    return layer.layer.startswith(track.layers)


def _kept(record: Microscope, track: Track) -> list[int]:
    """Steps of each sequence of a track that some layer has."""
    lengths = [track.steps(sequence) for sequence in range(len(track.values))]
    readers = [np.append(layer.steps, layer.further_steps) for layer in record.layers if _reads(layer, track)]
    longest = np.max(readers, axis=0) * track.stride if readers else np.array(lengths)
    return [min(length, int(most)) for length, most in zip(lengths, longest, strict=True)]


def _layer(layer: MicroscopeLayer, tracks: Sequence[Track]) -> dict[str, Any]:
    arrays: Mapping[str, Levels] = {**layer.gates, **layer.states}
    return {
        "layer": layer.layer,
        "direction": layer.direction,
        "cell": layer.cell,
        "reading": layer.reading,
        "units": layer.units,
        "allUnits": layer.all_units,
        "track": next((index for index, track in enumerate(tracks) if _reads(layer, track)), 0),
        "arrays": [
            {"name": name.replace("_", " "), "state": name in layer.states, **_levels(levels)}
            for name, levels in arrays.items()
        ],
        "steps": layer.steps,
        "allSteps": layer.all_steps,
        "further": _levels(layer.further),
        "furtherSteps": layer.further_steps,
        "saturation": layer.saturation,
        "gateTimeConstants": layer.gate_time_constants,
        "autocorrelationTimes": layer.autocorrelation_times,
    }


def _levels(levels: Levels) -> dict[str, Any]:
    return {"bytes": _base64(levels.levels), "shape": levels.levels.shape, "low": levels.low, "high": levels.high}


def _track(track: Track, kept: Sequence[int], whole: int) -> dict[str, Any]:
    return {
        "name": track.name,
        "step": track.step,
        "kind": track.kind,
        "stride": track.stride,
        "labels": list(track.labels),
        "steps": list(kept),
        "values": _values(track, kept),
        "properties": _properties(track, kept, whole),
    }


def _values(track: Track, kept: Sequence[int]) -> list[Any]:
    if track.kind == "frames":
        return [
            {"picture": "data:image/png;base64," + base64.b64encode(strip.png).decode(), "frames": strip.frames}
            for strip in track.values
        ]
    cut = [value[:steps] for value, steps in zip(track.values, kept, strict=True)]
    if track.kind == "tokens":
        return [list(tokens) for tokens in cut]
    if track.kind == "lines":
        return [np.round(np.asarray(lines, np.float64).T, 4) for lines in cut]
    low, high = min(float(image.min()) for image in cut), max(float(image.max()) for image in cut)
    scale = LARGEST_LEVEL / max(high - low, 1e-9)
    return [{"bytes": _base64(np.round((image - low) * scale).astype(np.uint8)), "shape": image.shape} for image in cut]


def _properties(track: Track, kept: Sequence[int], whole: int) -> dict[str, list[Array]]:
    """Those that vary, of the whole sequences alone: with them units are compared."""
    cut = {
        name: [
            np.round(row[:steps].astype(np.float64), 4) for row, steps in zip(rows[:whole], kept[:whole], strict=True)
        ]
        for name, rows in track.properties.items()
    }
    return {name: rows for name, rows in cut.items() if len(np.unique(np.concatenate(rows))) > 1}


def _base64(array: Array) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
