"""The prepared clips: their metadata, and the batches that networks read."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines import artifacts, contract
from pipelines.contract import SPLITS, Array, Batch, Indices
from pipelines.nn.datasets import LABEL, WINDOW

CLIPS, TABLE = "clips", "clips.parquet"
"""Of the raw data: the folder of files, and `file`, `label`, `split` and `group` of each; the table is of the prepared data too."""
FRAMES = "frames"
"""Name of a network's input: (batch, time, side, side, 3) pixels from 0 to 255."""
MEAN = "mean of frames"
"""The baseline that a model must beat."""
FEATURES_FILE, FRAMES_FILE, PROJECTION = "features.npy", "frames.npy", "projection.npz"


@dataclass(frozen=True)
class VideoTarget(contract.Target):
    """The only target."""

    classes: list[str]
    """Those of training, from the most frequent on."""
    components: int
    """Features of a frame."""
    change: float
    """Standard deviation, in training, of the difference between the features of a frame and of the one before."""
    stored_side: int
    """Pixels of the width and height of the frames that are kept."""
    network: str
    """The pretrained one."""
    side: int
    """Pixels of the width and height in which it sees a frame."""
    stage: int
    """Whose output the features are."""
    grid: int
    """Cells along a side in which they are averaged."""
    background: str
    """The colour behind transparent pictures."""


@dataclass(frozen=True)
class Meta(contract.Meta):
    """`meta.json` of the prepared clips."""

    targets: dict[str, VideoTarget]

    @property
    def label(self) -> VideoTarget:
        """The only target."""
        return self.targets["label"]


@dataclass(frozen=True)
class Clips:
    """Clips of the same number of frames, with a class each."""

    arrays: dict[str, Array]
    """By the names of inputs, of the clips of all splits: `window` (clips, time, components) float32, `frames` (clips, time, side, side, 3)
    uint8; memory-mapped."""
    rows: Indices
    """Of the split's clips in them."""
    labels: NDArray[np.int32]
    """Of the split's clips."""
    streams: bool = False
    variants: int = 1
    lengths: None = None

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, indices: Indices) -> Batch:
        """The inputs, and `label` (batch,) int32."""
        rows = self.rows[indices]
        return Batch(
            {name: np.asarray(array[rows]) for name, array in self.arrays.items()}, {LABEL: self.labels[indices]}
        )

    def reading(self, inputs: Collection[str]) -> "Clips":
        """The same clips with some of their inputs: the others are not read from disk."""
        return replace(self, arrays={name: self.arrays[name] for name in inputs})


def table_of(prepared: Path) -> pd.DataFrame:
    """`file`, `label`, `split` and `group` of each clip, in the order of the arrays."""
    return artifacts.read_table(prepared / TABLE)


def datasets(prepared: Path, meta: Meta, target: str) -> dict[str, Clips]:
    """The clips of each split, in the order of the table, with features and frames."""
    table = table_of(prepared)
    arrays = {
        name: artifacts.read_array(prepared / file) for name, file in ((WINDOW, FEATURES_FILE), (FRAMES, FRAMES_FILE))
    }
    index = {label: number for number, label in enumerate(meta.label.classes)}
    labels: NDArray[np.int32] = table["label"].map(index).to_numpy().astype(np.int32)
    rows = {split: np.flatnonzero(table["split"] == split) for split in SPLITS}
    return {split: Clips(arrays, rows[split], labels[rows[split]]) for split in SPLITS}
