"""Measures of music: of notes, or of piano rolls of 0, 1 (sounding) and 2 (struck)."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.tasks.music.midi import Notes
from pipelines.tasks.music.rolls import STRUCK, Roll, melody

MAJOR = np.array([1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1], bool)
BAR = 4
"""Quarter notes that are compared as one bar when repetition is measured."""
STEPS = 4
"""Positions in a quarter note to which notes are moved when runs are compared."""


def of_notes(notes: Notes) -> dict[str, float]:
    """The measures by which generated music is compared with its corpus; NaN without notes."""
    if not len(notes):
        return dict.fromkeys(MEASURES, float("nan"))
    return {name: float(measure(notes)) for name, measure in MEASURES.items()}


def pitch_class_entropy(notes: Notes) -> float:
    """Entropy of the pitch classes of all notes, in bits: 0 for one, log2 12 for all alike (Wu & Yang 2020)."""
    counts = np.bincount(notes["pitch"] % 12, minlength=12)
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def scale_consistency(notes: Notes) -> float:
    """Share of the notes that belong to the major scale they fit best, and so to its relative minor (Mogren 2016)."""
    counts = np.bincount(notes["pitch"] % 12, minlength=12)
    return float(max(counts[np.roll(MAJOR, tonic)].sum() for tonic in range(12)) / counts.sum())


def polyphony(notes: Notes) -> float:
    """Mean number of notes that sound at a time, where any does (Dong et al. 2020)."""
    times = np.concatenate([notes["start"], notes["end"]])
    change = np.repeat([1, -1], len(notes))
    order = np.argsort(times, kind="stable")
    lengths, sounding = np.diff(times[order]), np.cumsum(change[order])[:-1]
    some = sounding > 0
    return float((lengths * sounding)[some].sum() / max(lengths[some].sum(), 1e-9))


def repetition(notes: Notes) -> float:
    """Share of the bars (of four quarters) whose notes have all come before, in the same places, in an earlier bar."""
    bars: dict[int, set[tuple[int, int]]] = {}
    for start, pitch in zip(np.round(notes["start"] * STEPS).astype(int), notes["pitch"].tolist(), strict=True):
        bars.setdefault(int(start) // (BAR * STEPS), set()).add((int(start) % (BAR * STEPS), pitch))
    contents = [frozenset(bars[bar]) for bar in sorted(bars)]
    return 1 - len(set(contents)) / len(contents)


MEASURES = {
    "pitch-class entropy": pitch_class_entropy,
    "scale consistency": scale_consistency,
    "polyphony": polyphony,
    "repetition": repetition,
}


# Copying


def intervals(notes: Notes) -> list[tuple[int, int]]:
    """The melody as steps from note to note: intervals in keys and in time, so that they depend neither on key nor on tempo."""
    highest = notes[np.lexsort((-notes["pitch"], notes["start"]))]
    highest = highest[np.append(True, np.diff(highest["start"]) > 0)] if len(highest) else highest
    times = np.round(np.diff(highest["start"]) * STEPS).astype(int)
    return list(zip(np.diff(highest["pitch"].astype(int)).tolist(), times.tolist(), strict=True))


class Corpus:
    """The melodies of a corpus, to be searched for runs of others."""

    def __init__(self, melodies: Iterable[Sequence[tuple[int, int]]]) -> None:
        self.melodies = [list(melody) for melody in melodies]
        self._runs: dict[int, set[tuple[tuple[int, int], ...]]] = {}

    def longest_run(self, melody: Sequence[tuple[int, int]]) -> int:
        """Notes of the longest run of `melody` that some melody here has too, in any key."""
        low, high = 0, 1  # runs are short: starting from half the melody would collect runs of every such length
        while high <= len(melody) and self._has_run(melody, high):
            low, high = high, 2 * high
        high = min(high - 1, len(melody))
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._has_run(melody, middle) else (low, middle - 1)
        return low + 1 if melody else 0

    def _has_run(self, melody: Sequence[tuple[int, int]], length: int) -> bool:
        if length not in self._runs:
            self._runs[length] = {run for known in self.melodies for run in _runs(known, length)}
        return any(run in self._runs[length] for run in _runs(melody, length))


def _runs(melody: Sequence[tuple[int, int]], length: int) -> Iterable[tuple[tuple[int, int], ...]]:
    return (tuple(melody[start : start + length]) for start in range(len(melody) - length + 1))


# Likeness


def chroma(roll: Roll, frames: int) -> NDArray[np.float64]:
    """How long each pitch class sounds in every `frames` frames: (stretches, 12)."""
    length = len(roll) // frames * frames
    keys = (roll[:length] > 0).reshape(-1, frames, roll.shape[1]).sum(1, dtype=np.float64)
    classes = (np.arange(roll.shape[1]) + 9) % 12  # the lowest key is an A
    return np.stack([keys[:, classes == pitch_class].sum(1) for pitch_class in range(12)], axis=1)


def chroma_likeness(one: Roll, other: Roll, frames: int) -> float:
    """Mean cosine between the pitch classes of two rolls, stretch by stretch of `frames`; where both are silent they are alike."""
    pair = [chroma(roll, frames) for roll in (one, other)]
    length = min(map(len, pair))
    return float(np.mean([_cosine(a, b) for a, b in zip(pair[0][:length], pair[1][:length], strict=True)]))


def rhythm_likeness(one: Roll, other: Roll) -> float:
    """Cosine between the frames in which anything is struck in one roll and in another."""
    length = min(len(one), len(other))
    return _cosine(*((roll[:length] == STRUCK).any(1).astype(float) for roll in (one, other)))


def _cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b / norms) if norms else float(not a.any() and not b.any())


# Style


def style_features(roll: Roll) -> NDArray[np.float64]:
    """Features of a style: voices, register, density, and the steps of the melody; of a roll of any length, in any key."""
    sounding, struck = roll > 0, roll == STRUCK
    voices = sounding.sum(1)
    highest, begins = melody(roll)
    tune = highest[begins & (highest >= 0)]
    steps = np.bincount(np.minimum(np.abs(np.diff(tune)), 12), minlength=13) / max(len(tune) - 1, 1)
    keys = np.flatnonzero(sounding.any(0)) if sounding.any() else np.zeros(1)
    register = [tune.mean(), tune.std()] if len(tune) else [0.0, 0.0]
    density = [struck.any(1).mean(), struck.sum() / max(voices.sum(), 1)]
    return np.array(
        [voices.mean(), voices.std(), (voices == 0).mean(), keys.min(), keys.max(), *register, *density, *steps]
    )


def melody_style_features(features: NDArray[Any]) -> NDArray[Any]:
    """The columns of `style_features` (…, features) that depend on the melody alone."""
    return features[..., 5:]
