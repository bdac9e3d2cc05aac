"""The prepared text: its metadata, its windows, and encoding and decoding."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines import artifacts, contract
from pipelines.contract import Array
from pipelines.nn.datasets import Tokens
from pipelines.nn.vocabulary import END, Vocabulary
from pipelines.tasks.language import texts


@dataclass(frozen=True)
class TextSplit(contract.Split):
    """One part of the text."""

    tokens: int
    characters: int
    unknown: int
    """Tokens that training has not seen often enough."""


@dataclass(frozen=True)
class Text(contract.Target):
    """The only target."""

    splits: dict[str, TextSplit]
    unit: str
    """`characters` or `words`."""
    vocabulary: Vocabulary
    """Of units that training has seen often enough. A text ends with `END`; neither `PADDING` nor `BEGIN` occurs."""
    kind: str
    """NumPy's type of a token on disk."""
    carry_state: bool
    """Whether training carries the state from window to window."""
    whole: bool
    """Whether whole texts belong to one part."""


@dataclass(frozen=True)
class Meta(contract.Meta):
    """`meta.json`."""

    targets: dict[str, Text]

    @property
    def text(self) -> Text:
        """The only target."""
        return self.targets["text"]


def datasets(prepared: Path, meta: Meta, target: str) -> dict[str, Tokens]:
    """Windows of tokens: inputs (window,) int32, targets the same one token later."""
    text = meta.targets[target]
    return {
        split: Tokens(tokens_of(prepared, meta, split), text.lookback, text.carry_state or split != "train")
        for split in contract.SPLITS
    }


def tokens_of(prepared: Path, meta: Meta, split: str) -> Array:
    """All tokens of a split, read from disk as they are asked for."""
    return artifacts.read_binary(prepared / f"{split}.bin", meta.text.kind, (meta.text.splits[split].tokens,))


def encode(text: str, meta: Meta) -> tuple[NDArray[np.int32], list[str]]:
    """The tokens of `text` after the end of a text before it, and the units that training has not seen."""
    vocabulary = meta.text.vocabulary
    parts = (
        list(text) if meta.text.unit == "characters" else [word for part in texts.words(iter([text])) for word in part]
    )
    unseen = [unit for unit in dict.fromkeys(parts) if unit not in vocabulary.ids]
    return np.array([END, *vocabulary.encode(parts)], np.int32), unseen


def units(tokens: NDArray[Any], meta: Meta) -> list[str]:
    """The text of each token."""
    return [meta.text.vocabulary.words[token] for token in tokens]


def decode(tokens: NDArray[Any], meta: Meta) -> str:
    """The text of tokens."""
    return "".join(units(tokens, meta))
