"""The prepared pairs: their metadata, and their tokens."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines import contract
from pipelines.nn.datasets import Pairs
from pipelines.sequence_to_sequence import data
from pipelines.sequence_to_sequence.data import PairTarget

WORD = re.compile(r"\w+|[^\w\s]")
"""A word, or a single mark of punctuation."""
TARGET = "words"
"""The only target."""


@dataclass(frozen=True)
class Meta(contract.Meta):
    """`meta.json`."""

    targets: dict[str, PairTarget]


class Words:
    """Texts as words, in lower case."""

    copied: Sequence[str] = ()

    def source(self, text: str) -> list[str]:
        """Its words and marks of punctuation."""
        return WORD.findall(text.lower())

    def target(self, text: str, source: str) -> list[str]:
        """The same."""
        return self.source(text)

    def text(self, tokens: Sequence[str], source: str) -> str:
        """The words, with a space between them."""
        return " ".join(tokens)


WORDS = Words()


def datasets(prepared: Path, meta: Meta, target: str) -> dict[str, Pairs]:
    """The pairs of each split, in the order of the table."""
    return data.datasets(prepared, meta.targets[target], WORDS)
