"""From clips to frames, and from frames to features; split without a group in two parts, everything fitted on the training part alone."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines import artifacts, progress
from pipelines.contract import SPLITS, Split
from pipelines.errors import InputError
from pipelines.printing import quoted, shortened
from pipelines.sources import files
from pipelines.sources.parallel import parallel_map
from pipelines.tasks.video import decoding, pretrained
from pipelines.tasks.video.data import CLIPS, FEATURES_FILE, FRAMES_FILE, PROJECTION, TABLE, Meta, VideoTarget
from pipelines.tasks.video.params import TARGET, VideoPrepare
from pipelines.tasks.video.projection import FITTED, Projection

FOLDER = "data/input/video"
SEEN, PLAIN = "seen.npy", "plain.npy"
"""While the stage runs: the frames as the pretrained network sees them, and its features before they are projected."""
AT_ONCE = 64
"""Clips that are in memory at once."""


def prepare(raw: Path, params: VideoPrepare, destination: Path) -> Meta:
    """Write the frames and the features of every clip, a table with their parts, and how features are projected.

    Raise `InputError` for data that leave nothing to learn, and for a clip that cannot be read.
    """
    network = pretrained.which(raw)
    collected = artifacts.read_table(raw / TABLE)
    table, classes = _split(collected, params)
    sides = (params.side[network], params.stored_side)
    shapes = {SEEN: sides[0], FRAMES_FILE: sides[1]}
    seen, kept = (
        _array(destination / name, (len(table), params.frames, side, side, 3), np.uint8)
        for name, side in shapes.items()
    )
    jobs = [(raw / CLIPS / file, params.frames, sides, params.background) for file in table["file"]]
    for row, (large, small) in enumerate(parallel_map(_read, jobs, "video: frames")):
        seen[row], kept[row] = large, small
    projection, change = _write_features(raw, params, seen, table["split"].to_numpy(), destination)
    projection.save(destination / PROJECTION)
    del seen, kept
    (destination / SEEN).unlink()
    table.to_parquet(destination / TABLE, index=False)
    counts = Counter(table["split"])
    label = VideoTarget(
        features=["frame"],
        outputs=["the likeliest class"],
        lookback=params.frames,
        step="frame",
        rows=len(table) * params.frames,
        splits={split: Split(counts[split], f"{counts[split]:,} clips") for split in SPLITS},
        classes=classes,
        components=projection.components.shape[1],
        change=change,
        stored_side=params.stored_side,
        network=network,
        side=params.side[network],
        stage=params.stage[network],
        grid=params.grid,
        background=params.background,
    )
    return Meta({TARGET: label}, _how(bool((collected["split"] != "").any())))


def _read(job: tuple[Path, int, tuple[int, int], str]) -> list[NDArray[np.uint8]]:
    return decoding.read(*job)


def _array(path: Path, shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
    """An array on disk, to be written piece by piece."""
    array: NDArray[Any] = np.lib.format.open_memmap(path, "w+", kind, shape)  # type: ignore[no-untyped-call]
    return array


# Features


def _write_features(
    raw: Path, params: VideoPrepare, seen: NDArray[np.uint8], splits: NDArray[Any], destination: Path
) -> tuple[Projection, float]:
    """Write the features of all clips, some clips at a time; return the projection and the standard deviation of changes in training."""
    from pipelines.nn import hardware

    hardware.set_up()
    network = pretrained.which(raw)
    extract = pretrained.extractor(raw, params.side[network], params.stage[network], params.grid)
    clips, frames = seen.shape[:2]
    width = extract(seen[0, :1]).shape[1]
    plain = _array(destination / PLAIN, (clips, frames, width), np.float16)
    with progress.bar() as bar:
        task = bar.add_task(f"video: features by {network}", total=clips)
        for at in range(0, clips, AT_ONCE):
            part = seen[at : at + AT_ONCE]
            plain[at : at + AT_ONCE] = extract(part.reshape(-1, *part.shape[2:])).reshape(len(part), frames, width)
            bar.advance(task, len(part))
    training = np.flatnonzero(splits == "train")
    projection = Projection.fitted(_some_frames(plain, training), params.components)
    features = _array(destination / FEATURES_FILE, (clips, frames, projection.components.shape[1]), np.float32)
    squares, count = 0.0, 0
    for at in range(0, clips, AT_ONCE):
        rows = np.arange(at, min(at + AT_ONCE, clips))
        features[rows] = projection(plain[rows])
        changes = np.diff(features[rows[np.isin(rows, training)]], axis=1).astype(np.float64)
        squares, count = squares + float((changes**2).sum()), count + changes.size
    del plain
    (destination / PLAIN).unlink()
    return projection, float(np.sqrt(squares / max(count, 1))) or 1.0


def _some_frames(plain: NDArray[np.float16], training: NDArray[np.int64]) -> NDArray[np.float16]:
    """Frames of the training part, spread evenly over its clips: at most `FITTED`."""
    frames = plain.shape[1]
    chosen = np.unique(np.linspace(0, len(training) * frames - 1, FITTED).astype(int))
    return np.stack([plain[training[index // frames], index % frames] for index in chosen.tolist()])


# Parts


def _split(table: pd.DataFrame, params: VideoPrepare) -> tuple[pd.DataFrame, list[str]]:
    """The clips with their parts, and the classes from the most frequent on.

    Raise `InputError` if there are fewer than two classes, or a class has too few clips for three parts.
    """
    if not (table["split"] != "").any():
        table = _assigned(table, {"test": params.test_share, "valid": params.valid_share})
    counts = Counter(table.loc[table["split"] == "train", "label"])
    labels = table["label"].unique()
    for label in sorted(labels):
        clips = table[table["label"] == label]
        if clips["group"].nunique() < len(SPLITS):
            which = (
                "clip" if len(clips) == 1 else "clips of which some are in one folder" if len(clips) > 2 else "clips"
            )
            raise InputError(
                f"{FOLDER}/{label}: a class needs a clip for training, one for validation and one for the test, but it has only "
                f"{len(clips)} {which}; add some, or remove the folder"
            )
    classes = sorted(counts, key=lambda label: (-counts[label], label))
    if len(classes) < 2:
        raise InputError(
            f"video: a classifier needs two classes to tell apart, but all clips are in the folder {quoted(shortened(classes[0]))}; add "
            f"another to {FOLDER}"
        )
    return table.reset_index(drop=True), classes


def _assigned(table: pd.DataFrame, shares: dict[str, float]) -> pd.DataFrame:
    """The share of every class's groups for each split, one at least; the rest for training. Only names decide on the order."""
    table = table.assign(split="train")
    for _, clips in table.groupby("label"):
        groups = sorted(clips["group"].unique(), key=files.order_key)
        first = 0
        for split, share in shares.items():
            count = max(1, round(share * len(groups)))
            table.loc[clips.index[clips["group"].isin(groups[first : first + count])], "split"] = split
            first += count
    return table


def _how(published: bool) -> str:
    how = (
        "The parts are those of the sample: no image of a digit is seen in two."
        if published
        else "Clips are split by class, in an order that only their names decide; clips of one folder within a class stay together."
    )
    return f"{how} The components of the features are fitted on the training part alone; no training and no choice sees the test part."
