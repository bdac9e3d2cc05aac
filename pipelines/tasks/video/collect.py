"""Where the clips come from: drawn ones of moving digits, or the user's own files; and the weights of the pretrained network."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines import names, paths
from pipelines.contract import SPLITS, Source
from pipelines.errors import InputError
from pipelines.sources import files
from pipelines.sources.parallel import parallel_map
from pipelines.tasks.video import decoding, drawing, encoding, pretrained
from pipelines.tasks.video.data import CLIPS, TABLE
from pipelines.tasks.video.params import VideoCollect

SAMPLES = ("digits",)
SHARES = {"train": 0.7, "valid": 0.1, "test": 0.2}
"""Of the sample's clips, and of the images of digits that are seen in them: no image is seen in two parts."""
ORIGIN = (
    "drawn clips of scikit-learn's handwritten digits (1,797 images, Alpaydin & Kaynak 1998) that move, grow, turn, fade, count or blink; "
    "encoded as H.264. Made for this task: nobody filmed them"
)


def collect(params: VideoCollect, dropped: Sequence[Path], destination: Path) -> Source:
    """Write each clip to `clips/`, a table of them, and the weights of the pretrained network.

    Of dropped files the first folder is the class, a folder in it a group whose clips stay in one part. Raise `InputError` if too many
    files are unreadable, or lie in no class's folder.
    """
    (destination / CLIPS).mkdir()
    table, source = _dropped(params, dropped, destination) if dropped else _sample(params, destination)
    table.to_parquet(destination / TABLE, index=False)
    source.parts[params.network] = pretrained.fetch(params, destination)
    return source


# The sample


def _sample(params: VideoCollect, destination: Path) -> tuple[pd.DataFrame, Source]:
    rows, jobs = [], []
    for number, name in enumerate(drawing.CLASSES):
        splits = np.repeat(SPLITS, _counts(params.clips))
        for index, split in enumerate(splits.tolist()):
            file = f"{name.replace(' ', '_')}-{index:05}.mp4"
            rows.append({"file": file, "label": name, "split": split, "group": file})
            jobs.append((name, split, (number, index), destination / CLIPS / file))
    for _ in parallel_map(_write, jobs, "video: clips"):
        pass
    licence = "BSD (scikit-learn), CC BY 4.0 (the digits)"
    return pd.DataFrame(rows), Source(True, {"digits": {"origin": ORIGIN, "licence": licence}})


def _counts(clips: int) -> list[int]:
    """Clips of each split, in the order of `SPLITS`."""
    counts = {split: round(SHARES[split] * clips) for split in ("valid", "test")}
    return [clips - sum(counts.values()), *counts.values()]


def _write(job: tuple[str, str, tuple[int, int], Path]) -> None:
    name, split, key, path = job
    rng = np.random.default_rng(key)
    frames = drawing.clip(name, _pools()[split], rng)
    encoding.write_clip(path, frames, int(rng.choice(drawing.RATES)))


_POOLS: dict[str, drawing.Pool] = {}


def _pools() -> dict[str, drawing.Pool]:
    """The images of each digit for each split, loaded once a process."""
    if not _POOLS:
        _POOLS.update(pools())
    return _POOLS


def pools() -> dict[str, drawing.Pool]:
    """The images of each digit for each split: no image is in two."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    divided: dict[str, dict[int, NDArray[np.float64]]] = {split: {} for split in SPLITS}
    for digit in range(10):
        images = digits.images[digits.target == digit]
        ends = np.cumsum([round(SHARES[split] * len(images)) for split in SPLITS])
        for split, part in zip(SPLITS, np.split(images, ends[:-1]), strict=True):
            divided[split][digit] = part
    return dict(divided)


# The user's own


def _dropped(params: VideoCollect, dropped: Sequence[Path], destination: Path) -> tuple[pd.DataFrame, Source]:
    folder = paths.input_folder("video")
    if outside := [path for path in dropped if len(path.relative_to(folder).parts) < 2]:
        raise InputError(f"{outside[0]}: lies in no folder; put each clip into a folder that is called as its class")
    failures = dict(zip(dropped, parallel_map(_fault, dropped, "video: clips"), strict=True))

    hashes: dict[str, Path] = {}
    repeated = []

    def copy(path: Path) -> dict[str, str] | None:
        if failures[path]:
            raise InputError(failures[path])
        label, *inside = path.relative_to(folder).parts
        first = hashes.setdefault(files.sha256(path), path)
        if first != path:
            if first.relative_to(folder).parts[0] != label:
                raise InputError(
                    f"{path}: is the same clip as {first}, in the folder of another class; remove one of them"
                )
            repeated.append(f"{path}: is the same clip as {first} and left out")
            return None
        file = files.output_name(path.stem, f"-{files.order_key(path.as_posix()).hex()[:8]}{path.suffix.lower()}")
        shutil.copyfile(path, destination / CLIPS / file)
        group = Path(label, inside[0]) if len(inside) > 1 else path.relative_to(folder)
        return {"file": file, "label": label, "split": "", "group": group.as_posix()}

    readings = files.read_all(dropped, copy, params.max_unreadable)
    table = pd.DataFrame([row for row in readings.values.values() if row])
    labels = sorted(table["label"].unique())
    if alike := names.alike(labels):
        raise InputError(
            f"{folder}: some file systems take the folders {' and '.join(alike)} for the same; give one of them another name"
        )
    parts = {label: {"origin": (folder / label).as_posix(), "licence": "the user's own"} for label in labels}
    return table, Source(False, parts, readings.unreadable, repeated)


def _fault(path: Path) -> str:
    """Why a clip cannot be used, or nothing."""
    try:
        decoding.check(path)
    except InputError as error:
        return str(error)
    return ""
