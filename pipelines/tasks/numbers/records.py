"""Stored results for the charts of this task."""

from dataclasses import dataclass

from pipelines.contract import Array, Floats


@dataclass(frozen=True)
class Transcripts:
    """Generated targets of the test part."""

    lengths: Array
    """Tokens of each source."""
    exact: Array
    """Whether the generated target is the reference, (pairs,) bool."""
    errors: Floats
    """Edit distance of each."""
    mistakes: list[tuple[str, str, str]]
    """Source, generated target and reference of some wrong ones."""
