"""Sound clips with their notes drawn beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from pipelines.report.texts import render

WIDTH, HEIGHT = 640, 96
"""Size of a drawing of notes, in the units of its view box."""
THIN = 3.0
"""Least height of a note, so that it stays visible."""


@dataclass(frozen=True)
class Clip:
    """A piece to listen to."""

    name: str
    sound: str
    """Path of its sound from the page."""
    score: str
    """Path of its MIDI file."""
    notes: NDArray[Any]
    """(notes, 3): begin and end in quarter notes, MIDI number of the key."""
    given: float = 0.0
    """Quarter notes at the beginning that were given, not generated."""


def clips(groups: Mapping[str, Sequence[Clip]]) -> Markup:
    """Clips under headings. All drawings of a group share their scales of keys and of time."""
    drawn = {}
    for heading, members in groups.items():
        keys = np.concatenate([clip.notes[:, 2] for clip in members])
        low, high = keys.min() - 1, keys.max() + 1
        length = max(clip.notes[:, 1].max() for clip in members)
        drawn[heading] = [(clip, _bars(clip, low, high, length), WIDTH * clip.given / length) for clip in members]
    return render("clips.html", groups=drawn, width=WIDTH, height=HEIGHT)


def _bars(clip: Clip, low: float, high: float, length: float) -> list[dict[str, float]]:
    """A rectangle for every note: its left edge, top, width and height."""
    step = HEIGHT / (high - low + 1)
    return [
        {
            "x": round(WIDTH * begin / length, 1),
            "y": round((high - key) * step, 1),
            "w": round(max(WIDTH * (end - begin) / length - 0.6, 0.8), 1),
            "h": round(max(step, THIN), 1),
        }
        for begin, end, key in clip.notes.tolist()
    ]
