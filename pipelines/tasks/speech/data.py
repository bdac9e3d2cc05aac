"""The prepared utterances: their metadata, their spectrograms and labels, and the batches that networks read."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines import artifacts, contract
from pipelines.contract import EXPLAINED, SPLITS, Array, Batch, Indices
from pipelines.nn.datasets import FRAMES, LABELS, SYMBOLS, padded
from pipelines.tasks.speech.params import TARGET, Prepare

SOUNDS, TRANSCRIPTS = "sounds", "transcripts.parquet"
"""Of the raw data: the folder of sound files; `file`, `text`, `speaker`, `split`, `origin` of each."""
UTTERANCES = "utterances.parquet"
"""Of the prepared data: `text`, `speaker`, `split`, `seconds`, `file` and `origin` of each, in the order of the parts."""
HEARD, CLEAN = "heard", "clean"
"""Folder of some test utterances as sound, `<row>-<condition>.wav`, and the name of the condition that changes nothing."""
SOUND, MASK = "sound", "mask"
"""Names of network inputs: (batch, frames, bands) float32, and (batch, frames) bool, true where there is sound."""


@dataclass(frozen=True)
class SpeechSplit(contract.Split):
    """One part of the utterances."""

    utterances: int
    seconds: float


@dataclass(frozen=True)
class Condition:
    """A way in which the test utterances are heard again."""

    name: str
    """In metrics."""
    title: str
    """In words."""


@dataclass(frozen=True)
class SpeechTarget(contract.Target):
    """The only target."""

    splits: dict[str, SpeechSplit]
    alphabet: str
    """The characters of the training transcripts; the first is symbol 1."""
    mean: list[float]
    deviation: list[float]
    """Of each band over the frames of training, in decibels."""
    sizes: list[int]
    """Frames to which batches are padded."""
    settings: dict[str, Any]
    """The parameters by which the sound was prepared."""
    conditions: list[Condition]
    """In this order they follow the test utterances as they are."""
    epochs: int
    """In so many parts is the training part with its variants cut; an epoch reads one."""

    @cached_property
    def prepare(self) -> Prepare:
        """The same, typed."""
        return Prepare.model_validate(self.settings)

    def scaled(self, spectrogram: Array) -> NDArray[np.float32]:
        """A spectrogram (frames, bands) in units of the training part."""
        scaled = (spectrogram - np.array(self.mean, np.float32)) / np.array(self.deviation, np.float32)
        return np.asarray(scaled, np.float32)

    def encode(self, text: str) -> list[int]:
        """The symbols of a text, from 1 on; every character has to be in the alphabet."""
        return [self.alphabet.index(character) + 1 for character in text]

    def decode(self, symbols: Sequence[int]) -> str:
        """The text of some symbols, its words separated by single spaces."""
        return " ".join("".join(self.alphabet[symbol - 1] for symbol in symbols).split())


@dataclass(frozen=True)
class Meta(contract.Meta):
    """`meta.json`."""

    targets: dict[str, SpeechTarget]

    @property
    def transcript(self) -> SpeechTarget:
        """The only target."""
        return self.targets[TARGET]


def table_of(prepared: Path, split: str | None = None) -> pd.DataFrame:
    """The utterances of all parts or one, in order."""
    table = artifacts.read_table(prepared / UTTERANCES)
    return table if split is None else table[table["split"] == split].reset_index(drop=True)


# Batches


def padded_sounds(spectrograms: Sequence[Array], sizes: Sequence[int]) -> dict[str, Array]:
    """The inputs `sound` and `mask` of a network, padded on the right to the first of `sizes` that is long enough, or to the longest."""
    longest = max(map(len, spectrograms))
    frames = next((size for size in sizes if size >= longest), longest)
    sound = np.zeros((len(spectrograms), frames, spectrograms[0].shape[1]), np.float32)
    mask = np.zeros((len(spectrograms), frames), bool)
    for row, spectrogram in enumerate(spectrograms):
        sound[row, : len(spectrogram)] = spectrogram
        mask[row, : len(spectrogram)] = True
    return {SOUND: sound, MASK: mask}


@dataclass(frozen=True)
class Utterances:
    """Spectrograms with their labels."""

    target: SpeechTarget
    spectrograms: Array
    """Of all utterances, one after the other, (frames, bands) float32, memory-mapped."""
    ends: Indices
    """Where each utterance ends in them."""
    labels: Array
    label_ends: Indices
    order: Indices
    """The utterance of each example."""
    variants: int = 1
    sizes: Sequence[int] = ()
    streams: bool = False

    def __len__(self) -> int:
        return len(self.order)

    @property
    def lengths(self) -> Indices:
        """Frames of each example."""
        return np.diff(self.ends, prepend=0)[self.order]

    @property
    def steps(self) -> Indices:
        """Steps of the recurrent layers, of each example."""
        return -(-self.lengths // self.target.prepare.stride)

    def spectrogram(self, index: int) -> NDArray[np.float32]:
        """The scaled spectrogram of an example."""
        row = self.order[index]
        start = self.ends[row - 1] if row else 0
        return self.target.scaled(self.spectrograms[start : self.ends[row]])

    def symbols(self, index: int) -> list[int]:
        """The label of an example."""
        row = self.order[index]
        start = self.label_ends[row - 1] if row else 0
        return np.asarray(self.labels[start : self.label_ends[row]]).tolist()

    def batch(self, indices: Indices) -> Batch:
        """`sound` and `mask`; `labels` (batch, length) padded with 0, how many `symbols`, how many `frames` of the output."""
        rows = [self.symbols(index) for index in indices]
        return Batch(
            padded_sounds([self.spectrogram(index) for index in indices], self.sizes or self.target.sizes),
            {
                LABELS: padded(rows),
                SYMBOLS: np.array([len(row) for row in rows], np.int32),
                FRAMES: self.steps[indices].astype(np.int32),
            },
        )

    @classmethod
    def open(cls, folder: Path, split: str, target: SpeechTarget) -> "Utterances":
        """The split that `prepare` wrote to `folder`."""
        ends, labels, label_ends, order = (
            np.asarray(artifacts.read_array(folder / f"{split}-{name}.npy"))
            for name in ("ends", "labels", "label_ends", "order")
        )
        shape = (int(ends[-1]), len(target.features))
        spectrograms = artifacts.read_binary(folder / f"{split}.f32", np.float32, shape)
        return cls(target, spectrograms, ends, labels, label_ends, order, target.epochs if split == "train" else 1)


def datasets(prepared: Path, meta: Meta, target: str) -> dict[str, Utterances]:
    """Each split in order, the test part first as it is and then in each condition; and the test part as it is for explanations."""
    info = meta.transcript
    examples = {split: Utterances.open(prepared, split, info) for split in SPLITS}
    test = examples["test"]
    clean = test.order[: info.splits["test"].utterances]
    longest = [int(test.lengths[: len(clean)].max())]
    explained = Utterances(info, test.spectrograms, test.ends, test.labels, test.label_ends, clean, sizes=longest)
    return {**examples, EXPLAINED: explained}
