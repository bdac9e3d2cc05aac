"""Stored results for the charts of this task."""

from dataclasses import dataclass

from pipelines.contract import Array, Floats


@dataclass(frozen=True)
class Likeness:
    """Test pieces after style transfer, (pieces,) each."""

    old: Array
    """Index of the style that each piece had."""
    recognised: Array
    """Whether the style classifier takes it for the new style."""
    melody: Array
    """The same, by the melody alone."""
    chroma: Floats
    """Likeness to the original piece, by pitch class."""
    rhythm: Floats
    chroma_unrelated: Floats
    """Likeness to another piece of the old style."""
    rhythm_unrelated: Floats
    accuracy: float
    """Of the classifier, on test pieces as they are."""


@dataclass(frozen=True)
class Stretch:
    """Gates, memory and contributions while the network reads a stretch of a test piece; all arrays over its frames."""

    style: str
    keys: Array
    """(frames, 88) bool."""
    inside: dict[str, Array]
    """Gate, candidate or memory of the last layer -> (units, frames) float16."""
    gradient: Floats
    """Of the last frame's most likely key, with respect to each frame."""
    importance: Array
    """What every key in every frame adds to its log-probability, (frames, 88) float32."""
    likeliest: int
    """That key."""


@dataclass(frozen=True)
class Inside:
    """A stretch of each style."""

    stretches: list[Stretch]


@dataclass(frozen=True)
class ClipRecord:
    """A piece of sound; its files are `<file>.mp3` and `<file>.mid`."""

    file: str
    group: str
    """Heading under which it is offered."""
    name: str
    notes: Floats
    """(notes, 3): begin and end in quarter notes, MIDI number of the key."""
    given: float
    """Quarter notes at the beginning that were given, not generated."""
    peak: float
    loudness: float
    """Root mean square."""


@dataclass(frozen=True)
class Measured:
    """Measures of some pieces of a style: generated at a temperature, or composed."""

    style: str
    temperature: float | None
    """None: test pieces."""
    measures: dict[str, Floats]
    runs: Array
    """Notes of the longest run that each shares with a training piece."""


@dataclass(frozen=True)
class Generated:
    """What a network generates from a style alone and from openings."""

    measured: list[Measured]
    clips: list[ClipRecord]


@dataclass(frozen=True)
class Transferred:
    """Test pieces before and after style transfer."""

    clips: list[ClipRecord]
