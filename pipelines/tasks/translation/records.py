"""Stored results for the charts of this task."""

from dataclasses import dataclass

from pipelines.contract import Array, Floats


@dataclass(frozen=True)
class Translations:
    """Translations of the test part."""

    lengths: Array
    """Words of each source."""
    chrf: Floats
    """chrF of each pair, from 0 to 100."""
    exact: Array
    """Whether the translation is the reference, (pairs,) bool."""
    mistakes: list[tuple[str, str, str]]
    """Source, translation and reference of some that are not exact."""
    signatures: dict[str, str]
    """How sacrebleu computed BLEU and chrF."""
