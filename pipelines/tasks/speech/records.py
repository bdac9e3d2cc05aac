"""Stored results for the charts of this task."""

from dataclasses import dataclass, field

from pipelines.contract import Array, Floats


@dataclass(frozen=True)
class Interval:
    """An error rate with its 95 % interval."""

    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class Transcribed:
    """The transcripts of the test part by one seed of a model, or by a baseline."""

    references: list[str]
    hypotheses: list[str]
    edits: Array
    """Words that are replaced, left out or added, of each utterance."""
    words: Array
    """Words of each reference."""
    speakers: list[str]
    speeds: Floats
    """Letters a second of each utterance."""
    intervals: dict[str, Interval]
    """Of the error rates of words by way of decoding, and of characters."""
    confusions: list[tuple[str, str, int]]
    """Word said, word written and how often, the most frequent first; an empty word is one left out or added."""
    conditions: dict[str, float] = field(default_factory=dict)
    """Error rate of words by condition, in words, the clean one first; empty for baselines."""


@dataclass(frozen=True)
class Alignment:
    """How a network writes a test utterance."""

    reference: str
    hypothesis: str
    spectrogram: Array
    """(frames, bands) float16, decibels below the loudest."""
    probabilities: Array
    """(steps, 1 + shown symbols) float16, the blank first."""
    symbols: list[str]
    """The characters that are shown."""
    frame_seconds: float
    step_seconds: float
    words: list[tuple[str, float, float]]
    """Each written word with its first and last second."""


@dataclass(frozen=True)
class Stream:
    """What a network writes of the beginning of an utterance, as more of it is heard."""

    reference: str
    seconds: Floats
    texts: list[str]


@dataclass(frozen=True)
class Heard:
    """A test utterance to listen to."""

    file: str
    """Name of the sound file."""
    condition: str
    reference: str
    hypothesis: str


@dataclass(frozen=True)
class Illustration:
    """Some test utterances."""

    alignments: list[Alignment]
    streams: list[Stream]
    heard: list[Heard]
