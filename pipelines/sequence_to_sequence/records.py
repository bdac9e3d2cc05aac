"""Stored results for the charts."""

from dataclasses import dataclass

from pipelines.contract import Array


@dataclass(frozen=True)
class AttentionMap:
    """One pair with the decoder's attention."""

    source: list[str]
    written: list[str]
    """With the end of the sequence."""
    reference: list[str]
    weights: Array
    """(written, source) float32."""


@dataclass(frozen=True)
class Illustration:
    """Attention over some test pairs."""

    attended: list[AttentionMap]
