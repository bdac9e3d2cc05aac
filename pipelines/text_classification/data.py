"""The prepared texts: their metadata, their tokens, and the batches that networks read."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines import artifacts, contract
from pipelines.contract import SPLITS, Array, Batch, Indices
from pipelines.nn.datasets import LABEL, TOKENS, padded
from pipelines.nn.vocabulary import Vocabulary
from pipelines.sources import subwords
from pipelines.text_classification.params import TARGET
from pipelines.text_classification.words import spaced, words

PARTS = ("tokens", "ends", "labels")
"""Arrays of a split."""
TABLE, SUBWORDS = "texts.parquet", "subwords.model"
"""Of the raw and the prepared data: `text`, `label` and `split` of each text; of the prepared: SentencePiece's model."""


@dataclass(frozen=True)
class TextSplit(contract.Split):
    """One part of the texts."""

    tokens: int
    unknown: int
    """Tokens that training has not seen often enough."""


@dataclass(frozen=True)
class TextTarget(contract.Target):
    """The only target."""

    splits: dict[str, TextSplit]
    classes: list[str]
    """Those of training, from the most frequent on."""
    vocabulary: Vocabulary
    unit: str
    language: str
    longest: int
    """Tokens of a text that are read."""
    batch_lengths: list[int]
    """To which batches are padded."""


@dataclass(frozen=True)
class Meta(contract.Meta):
    """`meta.json`."""

    targets: dict[str, TextTarget]

    @property
    def label(self) -> TextTarget:
        """The only target."""
        return self.targets[TARGET]


def table_of(prepared: Path) -> pd.DataFrame:
    """`text`, `label`, `split` and the number of `tokens` of each text."""
    return artifacts.read_table(prepared / TABLE)


# Tokens


def tokens(text: str, unit: str, language: str, prepared: Path) -> list[str]:
    """The words of a text, or its sub-words, all of them."""
    if unit == "words":
        return words(text, language)
    return _processor(prepared / SUBWORDS).encode(" ".join(words(text, language)), out_type=str)


def shown(text: str, unit: str, language: str, prepared: Path) -> list[str]:
    """The same tokens for a reader: joined, they give the text (of sub-words, its words in lower case)."""
    if unit == "words":
        return spaced(text)
    return [piece.replace(subwords.SPACE, " ") for piece in tokens(text, unit, language, prepared)]


_processor = cache(subwords.processor)


# Batches


@dataclass(frozen=True)
class Texts:
    """Texts of any length with a class each."""

    tokens: Array
    """Of all texts, one after the other, memory-mapped."""
    ends: Indices
    """Where each text ends in them."""
    labels: Array
    sizes: Sequence[int]
    """To which batches are padded."""
    streams: bool = False
    variants: int = 1

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def lengths(self) -> Indices:
        """Tokens of each text."""
        return np.diff(self.ends, prepend=0)

    def batch(self, indices: Indices) -> Batch:
        """`tokens` (batch, time) int32, padded on the right, and `label` (batch,) int32."""
        starts = self.ends[indices] - self.lengths[indices]
        rows = [np.asarray(self.tokens[start:end]) for start, end in zip(starts, self.ends[indices], strict=True)]
        return Batch({TOKENS: padded(rows, self.sizes)}, {LABEL: np.asarray(self.labels[indices])})

    @classmethod
    def open(cls, folder: Path, split: str, sizes: Sequence[int]) -> "Texts":
        """The split that `save` wrote to `folder`."""
        tokens, ends, labels = (artifacts.read_array(folder / f"{split}-{name}.npy") for name in PARTS)
        return cls(tokens, np.asarray(ends), np.asarray(labels), sizes)

    @staticmethod
    def save(folder: Path, split: str, rows: Sequence[Sequence[int]], labels: Sequence[int]) -> None:
        """Write the tokens and classes of a split as `.npy` files."""
        tokens = np.array([token for row in rows for token in row], np.int32)
        ends = np.cumsum([len(row) for row in rows], dtype=np.int64)
        arrays: tuple[Array, ...] = (tokens, ends, np.array(labels, np.int32))
        for name, array in zip(PARTS, arrays, strict=True):
            artifacts.write_array(folder / f"{split}-{name}.npy", array)


def datasets(prepared: Path, meta: Meta, target: str) -> dict[str, Texts]:
    """The texts of each split, in the order of the table."""
    return {split: Texts.open(prepared, split, meta.label.batch_lengths) for split in SPLITS}
