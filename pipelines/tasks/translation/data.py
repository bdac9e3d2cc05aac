"""The prepared pairs: their metadata, and their tokens."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines import contract
from pipelines.nn.datasets import Pairs
from pipelines.sequence_to_sequence import data
from pipelines.sequence_to_sequence.data import PairTarget
from pipelines.tasks.translation.subwords import Subwords

TARGET = "messages"
"""The only target."""


@dataclass(frozen=True, order=True)
class Entry:
    """A translation of a token."""

    source: int
    target: int
    probability: float


@dataclass(frozen=True)
class MessageTarget(PairTarget):
    """The only target."""

    lexicon: list[Entry]
    """Likely translations of sub-words, by IBM Model 1 on the training part."""

    def probabilities(self) -> NDArray[np.float32]:
        """The lexicon as a table, (source vocabulary, target vocabulary)."""
        table = np.zeros((len(self.source_vocabulary), len(self.target_vocabulary)), np.float32)
        for entry in self.lexicon:
            table[entry.source, entry.target] = entry.probability
        return table


@dataclass(frozen=True)
class Meta(contract.Meta):
    """`meta.json`."""

    targets: dict[str, MessageTarget]


def datasets(prepared: Path, meta: Meta, target: str) -> dict[str, Pairs]:
    """The pairs of each split, in the order of the table."""
    return data.datasets(prepared, meta.targets[target], Subwords(prepared))
