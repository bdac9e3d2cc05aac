"""The prepared pairs: their metadata, and their tokens."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines import artifacts, contract
from pipelines.contract import SPLITS, Array
from pipelines.nn.datasets import Pairs
from pipelines.nn.vocabulary import Vocabulary

WORD = re.compile(r"\w+|[^\w\s]")
"""A word, or a single mark of punctuation."""


@dataclass(frozen=True)
class PairTarget(contract.Target):
    """The only target."""

    source_vocabulary: Vocabulary
    target_vocabulary: Vocabulary
    longest: int
    """Tokens of the longest source that is trained on."""
    longest_target: int
    """Most tokens that are generated: twice as many as the longest target of training."""
    longer: int
    """Test pairs whose source is longer than any in training; the last of the test part."""


@dataclass(frozen=True)
class Meta(contract.Meta):
    """`meta.json`."""

    targets: dict[str, PairTarget]

    @property
    def words(self) -> PairTarget:
        """The only target."""
        return self.targets["words"]


def tokens(text: str) -> list[str]:
    """The words of a text, in lower case."""
    return WORD.findall(text.lower())


def table_of(prepared: Path) -> pd.DataFrame:
    """`source`, `target`, `split` and whether each pair is `longer` than those of training, in order."""
    return artifacts.read_table(prepared / "pairs.parquet")


def datasets(prepared: Path, meta: Meta, target: str) -> dict[str, Pairs]:
    """The pairs of each split, in the order of the table."""
    table = table_of(prepared)
    by_split = {}
    for split in SPLITS:
        rows = table[table["split"] == split]
        by_split[split] = Pairs(
            _encoded(rows["source"], meta.words.source_vocabulary),
            _encoded(rows["target"], meta.words.target_vocabulary),
        )
    return by_split


def _encoded(texts: "pd.Series[str]", vocabulary: Vocabulary) -> list[Array]:
    return [np.array(vocabulary.encode(tokens(text)), np.int32) for text in texts]
