"""The piano roll or the tokens that the microscope shows along the top."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipelines.contract import EXPLAINED, Indices
from pipelines.nn.datasets import TOKENS
from pipelines.report.language import mark
from pipelines.report.tracks import Track, of_tokens, of_words
from pipelines.results import Results
from pipelines.tasks.music import events, midi
from pipelines.tasks.music.data import EVENTS, Meta, Rolls, datasets

NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
DURATION = "Duration_"
"""Begin of a token such as `Duration_1.2.4`: one and two fourths of a quarter note."""
SHORT = {"Position_": "@", "TimeSig_": "", "Style_": "▶ "}
"""How tokens begin in the track: a position in the bar, a metre, the beginning of a piece."""


def tracks(results: Results, target: str, sequences: Sequence[Indices]) -> list[Track]:
    """Which keys sound, or the tokens of the piece."""
    meta = results.meta_as(Meta)
    examples = datasets(results.prepared, meta, target)
    if target == EVENTS:
        rows = [np.concatenate(examples["test"].batch(rows).inputs[TOKENS]) for rows in sequences]
        words = meta.tokens.vocabulary.words
        return [_tokens([[words[token] for token in row] for row in rows], meta.tokens.step)]
    return [_roll(examples[EXPLAINED], np.concatenate(sequences), meta.targets[target].step)]


def _roll(examples: Rolls, rows: Indices, step: str) -> Track:
    """The keys of the frame before, which a network reads in each frame."""
    sounding = examples.cells(rows)[:, : examples.window] > 0
    used = np.flatnonzero(sounding.any((0, 1)))
    low, high = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, midi.KEYS)
    heights = np.arange(midi.KEYS) + midi.LOWEST
    return Track(
        "image",
        [roll[:, low:high].astype(np.float64) for roll in sounding],
        step,
        {
            mark("number of notes"): [roll.sum(1).astype(np.float64) for roll in sounding],
            mark("highest note"): [(roll * heights).max(1).astype(np.float64) for roll in sounding],
            mark("notes that change"): [
                np.abs(np.diff(roll, axis=0, prepend=roll[:1])).sum(1) * 1.0 for roll in sounding
            ],
            mark("position"): [np.arange(len(roll), dtype=np.float64) for roll in sounding],
        },
        labels=[_name(midi.LOWEST + key) for key in range(low, high)],
    )


def _tokens(rows: list[list[str]], step: str) -> Track:
    track = of_words([[_short(token) for token in row] for row in rows], step)
    begin = {
        "Bar": mark("is a bar line"),
        "Position": mark("is a position"),
        "Pitch": mark("is a note"),
        "Duration": mark("is a length"),
    }
    kinds = {
        name: [of_tokens(row, lambda token, kind=kind: token.startswith(kind)) for row in rows]  # type: ignore[misc]
        for kind, name in begin.items()
    }
    notes = {mark("tokens since the bar line"): [_since_bar(row) for row in rows]}
    return replace(track, properties={**kinds, **notes, mark("position"): track.properties["position"]})


def _since_bar(row: Sequence[str]) -> np.ndarray:
    steps = np.arange(len(row), dtype=np.float64)
    bars = np.array([token == events.BAR for token in row])
    return steps - np.maximum.accumulate(np.where(bars, steps, 0))


def _short(token: str) -> str:
    if token == events.BAR:
        return "|"
    if token.startswith(events.PITCH):
        return _name(int(token.removeprefix(events.PITCH)))
    if token.startswith(DURATION):
        quarters, parts, resolution = map(int, token.removeprefix(DURATION).split("."))
        return f"{quarters + parts / resolution:g}♩"
    for kind, sign in SHORT.items():
        if token.startswith(kind):
            return sign + token.removeprefix(kind)
    return token


def _name(pitch: int) -> str:
    """Such as C4, the middle one."""
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"
