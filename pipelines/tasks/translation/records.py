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
    corpus_chrf: float
    """chrF of all usual pairs together."""
    margin: float
    """Half the width of its 95 % interval under resampling of the pairs."""
    mistakes: list[tuple[str, str, str]]
    """Source, translation and reference of some that are not exact."""
    signatures: dict[str, str]
    """How sacrebleu computed BLEU and chrF."""
