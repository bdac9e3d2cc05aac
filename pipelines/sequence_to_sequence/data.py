"""Prepared pairs: their metadata, their texts, and their tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from pipelines import artifacts, contract
from pipelines.contract import SPLITS, Array
from pipelines.nn.datasets import Pairs
from pipelines.nn.vocabulary import Vocabulary

TABLE = "pairs.parquet"


class Tokenizer(Protocol):
    """How a task cuts texts into tokens, and joins tokens to a text."""

    copied: Sequence[str]
    """Tokens that a target has as often as its source."""

    def source(self, text: str) -> list[str]:
        """The tokens of a source."""

    def target(self, text: str, source: str) -> list[str]:
        """The tokens of a target of `source`."""

    def text(self, tokens: Sequence[str], source: str) -> str:
        """The target of `source` that has these tokens."""


@dataclass(frozen=True)
class PairTarget(contract.Target):
    """The only target of a task."""

    source_vocabulary: Vocabulary
    target_vocabulary: Vocabulary
    longest: int
    """Tokens of the longest source that is trained on."""
    longest_target: int
    """Most tokens that are generated: twice as many as the longest target of training."""
    longer: int
    """Test pairs whose source is longer than any in training; the last of the test part."""


@dataclass(frozen=True)
class Part:
    """The texts of one part, in order."""

    sources: list[str]
    targets: list[str]
    longer: int
    """How many pairs are longer than those of training; the last ones."""

    @property
    def usual(self) -> slice:
        """All but the longer pairs."""
        return slice(0, len(self.sources) - self.longer)


def table_of(prepared: Path) -> pd.DataFrame:
    """`source`, `target`, `split` and whether each pair is `longer` than those of training, in order."""
    return artifacts.read_table(prepared / TABLE)


def part(prepared: Path, split: str) -> Part:
    """The texts of `split`."""
    table = table_of(prepared)
    rows = table[table["split"] == split]
    return Part(rows["source"].tolist(), rows["target"].tolist(), int(rows["longer"].sum()))


def datasets(prepared: Path, target: PairTarget, tokenizer: Tokenizer) -> dict[str, Pairs]:
    """The pairs of each split, in the order of the table."""
    return {split: _encoded(part(prepared, split), target, tokenizer) for split in SPLITS}


def _encoded(texts: Part, target: PairTarget, tokenizer: Tokenizer) -> Pairs:
    sources, targets = tokens_of(texts, tokenizer)
    return Pairs(_ids(sources, target.source_vocabulary), _ids(targets, target.target_vocabulary))


def tokens_of(texts: Part, tokenizer: Tokenizer) -> tuple[list[list[str]], list[list[str]]]:
    """The tokens of all sources and of all targets."""
    sources = [tokenizer.source(source) for source in texts.sources]
    return sources, [
        tokenizer.target(target, source) for source, target in zip(texts.sources, texts.targets, strict=True)
    ]


def _ids(rows: list[list[str]], vocabulary: Vocabulary) -> list[Array]:
    return [np.array(vocabulary.encode(tokens), np.int32) for tokens in rows]
