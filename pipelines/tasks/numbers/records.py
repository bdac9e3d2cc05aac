"""What is stored of what was written, for the charts of this task."""

from dataclasses import dataclass

from pipelines.contract import Array, Floats


@dataclass(frozen=True)
class Attended:
    """One pair with what the decoder looked at."""

    source: list[str]
    written: list[str]
    """With the end of the sequence."""
    reference: list[str]
    weights: Array
    """(written, source) float32."""


@dataclass(frozen=True)
class Transcripts:
    """What was written for the test part."""

    lengths: Array
    """Tokens of each source."""
    exact: Array
    """Whether what was written is the reference, (pairs,) bool."""
    errors: Floats
    """Edits of each."""
    mistakes: list[tuple[str, str, str]]
    """Source, what was written and the reference, of some that are wrong."""


@dataclass(frozen=True)
class Illustration:
    """Attention over some test pairs."""

    attended: list[Attended]
