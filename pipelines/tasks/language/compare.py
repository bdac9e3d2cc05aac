"""The deciding metric of a text."""

from pipelines.contract import Primary
from pipelines.tasks.language.data import Meta
from pipelines.tasks.language.score import METRICS

__all__ = ["Meta", "primary"]


def primary(meta: Meta, target: str) -> Primary:
    """Bits per character decide; a network that loses to an n-gram model is of no use."""
    return Primary(METRICS["bits_per_character"], "Kneser–Ney", dependence="neighbouring windows of one text")
