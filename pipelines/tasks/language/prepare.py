"""From texts to tokens: streamed, split by text, the vocabulary counted on the training part alone."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines.contract import SPLITS
from pipelines.errors import InputError
from pipelines.nn.vocabulary import END, SPECIAL, UNKNOWN, Vocabulary
from pipelines.sources import files
from pipelines.tasks.language import texts
from pipelines.tasks.language.data import Meta, Text, TextSplit
from pipelines.tasks.language.params import Prepare

FEW = 10
"""With fewer texts than this each text is cut by position, not assigned to a split as a whole."""


def prepare(raw: Path, params: Prepare, destination: Path) -> Meta:
    """Write each split's tokens as one sequence, texts in the order of their names.

    Reads the texts twice, in pieces: once to count, once to write. A text too short to be split raises `InputError`.
    """
    paths = sorted((raw / texts.FOLDER).glob("*.txt"))
    sizes = {path: sum(len(piece) for piece in texts.pieces(path)) for path in paths}
    parts = _split(sizes, params)
    vocabulary = _vocabulary(parts["train"], params)
    kind = np.min_scalar_type(len(vocabulary) - 1)
    splits: dict[str, TextSplit] = {}
    table: list[dict[str, Any]] = []
    for split in SPLITS:
        written = _write(parts[split], vocabulary, params, kind, destination / f"{split}.bin")
        count = sum(row["tokens"] for row in written)
        if count <= params.window:
            raise InputError(
                f"language: the {split} part has {count} {params.unit}, too few for a window of {params.window}; add text to "
                "data/input/language, or lower language.prepare.window"
            )
        table += [{"split": split, **row} for row in written]
        characters = sum(row["characters"] for row in written)
        splits[split] = TextSplit(
            windows=(count - 1) // params.window,
            note=f"{len(written)} texts, {characters:,} characters",
            tokens=count,
            characters=characters,
            unknown=sum(row["unknown"] for row in written),
        )
    pd.DataFrame(table).to_parquet(destination / "texts.parquet", index=False)
    what = params.unit.removesuffix("s")
    whole = len(paths) >= FEW
    text = Text(
        features=[what],
        outputs=[f"the likeliest next {what}"],
        lookback=params.window,
        step=what,
        rows=sum(part.tokens for part in splits.values()),
        splits=splits,
        unit=params.unit,
        vocabulary=vocabulary,
        kind=kind.name,
        carry_state=params.carry_state,
        whole=whole,
    )
    how = (
        "Whole texts belong to one part"
        if whole
        else "Each text is cut: its first part is trained on, its last is the test"
    )
    return Meta(
        {"text": text},
        f"{how}. The vocabulary is that of the training part alone; no training and no choice sees the test part.",
    )


Piece = tuple[Path, int, int]
"""A text, and the first and last character of it that belong to a split."""


def _split(sizes: dict[Path, int], params: Prepare) -> dict[str, list[Piece]]:
    """Whole texts if there are enough of them, in an order that only their names decide; else each cut by position."""
    parts: dict[str, list[Piece]] = {split: [] for split in SPLITS}
    if len(sizes) < FEW:
        for path, size in sizes.items():
            valid, test = (
                round(size * (1 - share)) for share in (params.valid_share + params.test_share, params.test_share)
            )
            for split, first, last in zip(SPLITS, (0, valid, test), (valid, test, size), strict=True):
                parts[split].append((path, first, last))
        return parts
    total = sum(sizes.values())
    filled = dict.fromkeys(SPLITS, 0)
    for path in sorted(sizes, key=lambda path: files.order_key(path.name)):
        short = [
            split
            for split, share in (("test", params.test_share), ("valid", params.valid_share))
            if filled[split] < share * total
        ]
        split = short[0] if short else "train"
        parts[split].append((path, 0, sizes[path]))
        filled[split] += sizes[path]
    return {split: sorted(pieces) for split, pieces in parts.items()}


def _units(piece: Piece, unit: str) -> Iterator[Sequence[str]]:
    """The characters or words of a part of a text, a few at a time."""
    path, first, last = piece

    def cut() -> Iterator[str]:
        position = 0
        for text in texts.pieces(path):
            if chosen := text[max(0, first - position) : max(0, last - position)]:
                yield chosen
            position += len(text)

    return cut() if unit == "characters" else texts.words(cut())


def _vocabulary(parts: Iterable[Piece], params: Prepare) -> Vocabulary:
    """Of the training part's units."""
    read = chain.from_iterable(units for piece in parts for units in _units(piece, params.unit))
    vocabulary = Vocabulary.fitted(read, params.min_count, params.max_vocabulary)
    if (kept := len(vocabulary) - len(SPECIAL)) < 2:
        raise InputError(
            f"language: {kept} different {params.unit} occur at least {params.min_count} times in the training part; there is "
            "nothing to predict: add text to data/input/language, or lower language.prepare.min_count"
        )
    return vocabulary


def _write(
    parts: Iterable[Piece], vocabulary: Vocabulary, params: Prepare, kind: "np.dtype[Any]", destination: Path
) -> list[dict[str, Any]]:
    """Append the tokens of every text and its end to `destination`; return the counts of each."""
    rows = []
    with destination.open("wb") as file:
        for piece in parts:
            row: dict[str, Any] = {"text": piece[0].stem, "tokens": 1, "characters": 1, "unknown": 0}
            for units in _units(piece, params.unit):
                tokens = np.array(vocabulary.encode(units), kind)
                file.write(tokens.tobytes())
                row["tokens"] += len(units)
                row["characters"] += sum(map(len, units))
                row["unknown"] += int((tokens == UNKNOWN).sum())
            file.write(np.array([END], kind).tobytes())
            rows.append(row)
    return rows
