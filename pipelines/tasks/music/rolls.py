"""Piano rolls: the keys that sound, frame by frame; and the melody on top of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.tasks.music.midi import KEYS, LOWEST, NOTE, Notes

SOUNDING, STRUCK = 1, 2
"""Values of a cell; 0 is silence."""
LATE = 0.2
"""A note that begins at most this share of a frame late counts as on time."""
MELODY = 13
"""Numbers that encode the melody in a frame: its pitch class, and whether it is struck."""
VOICES = 6
"""Numbers that encode how many keys sound in a frame: none, one, … five or more."""
OCTAVES = 12 * np.array([0, -1, 1, -2, 2, -3, 3, -4, 4, -5, 5, -6, 6, -7, 7])
"""By which a key can be moved, the nearest first."""
Roll = NDArray[np.uint8]


@dataclass(frozen=True)
class Voicing:
    """The voicing of a style: the usual number of sounding keys, and the range of the melody."""

    voices: int
    low: int
    high: int

    @classmethod
    def of(cls, pieces: Iterable[Roll]) -> "Voicing":
        """The most frequent number of voices where any sounds, and the middle 96 % of the melody's frames, an octave at least."""
        tops, counts = [], np.zeros(VOICES, np.int64)
        for roll in pieces:
            highest, _ = melody(roll)
            tops.append(highest[highest >= 0])
            counts += np.bincount(voices(roll), minlength=VOICES)
        low, high = np.quantile(np.concatenate(tops), (0.02, 0.98)).round().astype(int)
        return cls(int(counts[1:].argmax()) + 1, int(low), int(max(high, low + 11)))

    def fold(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """A melody (frames,), −1 where it is silent, moved by octaves into the range of the style, with as few changes as possible."""
        inside = (keys[:, None] + OCTAVES >= self.low) & (keys[:, None] + OCTAVES <= self.high) | (keys[:, None] < 0)
        staying = np.zeros((len(keys) + 1, len(OCTAVES)), np.int64)
        for frame in reversed(range(len(keys))):
            staying[frame] = np.where(inside[frame], staying[frame + 1] + 1, 0)
        moved, frame = keys.copy(), 0
        while frame < len(keys):
            longest = staying[frame].argmax()
            end = frame + staying[frame, longest]
            moved[frame:end] += OCTAVES[longest]
            frame = end
        return np.where(keys < 0, keys, moved)


def voices(roll: NDArray[Any]) -> NDArray[np.int64]:
    """How many keys sound in every frame, at most five."""
    return np.minimum((roll > 0).sum(-1), VOICES - 1)


def from_notes(notes: Notes, frames_per_quarter: int) -> tuple[Roll, int, int]:
    """What sounds at every frame, (frames, 88), from the first note on; which frame that is; how many notes are too short to sound.

    A frame is a moment, as in Boulanger-Lewandowski et al. 2012: what begins and ends between two of them is left out.
    """
    begins, ends = (np.ceil(notes[side] * frames_per_quarter - LATE).astype(np.int64) for side in ("start", "end"))
    heard = ends > begins
    if not heard.any():
        return np.zeros((0, KEYS), np.uint8), 0, len(notes)
    first = int(begins[heard].min())
    roll = np.zeros((ends[heard].max() - first, KEYS), np.uint8)
    keys = notes["pitch"] - LOWEST
    for begin, end, key in zip(begins[heard] - first, ends[heard] - first, keys[heard], strict=True):
        roll[begin:end, key] = SOUNDING
    roll[begins[heard] - first, keys[heard]] = STRUCK
    return roll, first, int((~heard).sum())


def to_notes(roll: Roll, frames_per_quarter: int) -> Notes:
    """The notes of a roll: a key is struck where it begins to sound, and where a cell is `STRUCK`."""
    padded = np.pad(roll, ((1, 1), (0, 0)))
    on = (padded > 0) & ((padded == STRUCK) | (np.roll(padded, 1, 0) == 0))
    notes = np.zeros(int(on.sum()), NOTE)
    done = 0
    for key in np.flatnonzero(on.any(0)):
        begins = np.flatnonzero(on[:, key])
        silent = np.flatnonzero(padded[:, key] == 0)
        ends = np.minimum(silent[np.searchsorted(silent, begins)], np.append(begins[1:], len(padded)))
        rows = notes[done : done + len(begins)]
        rows["start"], rows["end"] = (begins - 1) / frames_per_quarter, (ends - 1) / frames_per_quarter
        rows["pitch"] = key + LOWEST
        done += len(begins)
    return np.sort(notes, order=["start", "pitch"])


def melody(roll: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The highest key that sounds in every frame (−1 for silence), and whether it is struck there; the last axis is that of keys."""
    sounding = roll > 0
    highest = np.where(sounding.any(-1), KEYS - 1 - sounding[..., ::-1].argmax(-1), -1)
    value = np.take_along_axis(roll, np.maximum(highest, 0)[..., None], -1)[..., 0]
    return highest, value == STRUCK


def melody_features(roll: NDArray[Any], ahead: int) -> NDArray[np.float32]:
    """Pitch class and beginning of the melody's notes in each frame and the `ahead` ones after it.

    `roll` is (…, frames, 88); the result (…, frames, 13 · (1 + ahead)). Nothing sounds after the end.
    """
    highest, struck = melody(roll)
    now = np.zeros((*highest.shape, MELODY), np.float32)
    classes = np.where(highest >= 0, (highest + LOWEST) % 12, MELODY)
    now[..., :12] = classes[..., None] == np.arange(12)
    now[..., 12] = struck
    padded = np.concatenate([now, np.zeros((*now.shape[:-2], ahead, MELODY), np.float32)], axis=-2)
    frames = now.shape[-2]
    return np.concatenate([padded[..., step : step + frames, :] for step in range(1 + ahead)], axis=-1)
