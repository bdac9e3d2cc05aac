"""From texts to numbered tokens: streamed, split by text, the vocabulary counted on the training part alone."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines import artifacts
from pipelines.contract import SPLITS, Meta, Suite
from pipelines.errors import InputError
from pipelines.nn.datasets import Tokens
from pipelines.params.language import LanguageData, LanguageValidation
from pipelines.sources import files, texts

UNKNOWN, END = 0, 1
"""Tokens beside the vocabulary: a unit that training has not seen often enough, and the end of a text."""
SPECIAL = ("�", "␄")
"""How reports and answers show them."""
FEW = 10
"""With fewer texts than this a split by text would leave too little to choose from: each is cut by position."""
STREAMS = 16
"""Streams in which a split is read side by side when it is scored: the state goes on from window to window."""


# Prepare


def prepare(raw: Path, data: LanguageData, destination: Path) -> Meta:
    """Write each split's tokens as one row of numbers, texts in the order of their names.

    Reads the texts twice, in pieces: once to count, once to write. A text too short to be split raises `InputError`.
    """
    paths = sorted((raw / texts.FOLDER).glob("*.txt"))
    sizes = {path: sum(len(piece) for piece in texts.pieces(path)) for path in paths}
    parts = _split(sizes, data)
    vocabulary = _vocabulary(parts["train"], data)
    numbers = {unit: number for number, unit in enumerate(vocabulary)}
    kind = np.min_scalar_type(len(vocabulary) - 1)
    splits, table = {}, []
    for split in SPLITS:
        written = _write(parts[split], numbers, data, kind, destination / f"{split}.bin")
        count = sum(row["tokens"] for row in written)
        if count <= data.window:
            raise InputError(
                f"language: the {split} part has {count} {data.unit}, too few for a window of {data.window}; add text to "
                "data/input/language, or lower language.data.window"
            )
        table += [{"split": split, **row} for row in written]
        splits[split] = {
            "windows": (count - 1) // data.window,
            "note": f"{len(written)} texts, {sum(row['characters'] for row in written):,} characters",
            "tokens": count,
            "characters": sum(row["characters"] for row in written),
            "unknown": sum(row["unknown"] for row in written),
        }
    pd.DataFrame(table).to_parquet(destination / "texts.parquet", index=False)
    what = data.unit.removesuffix("s")
    about = {
        "features": [what],
        "outputs": [f"the likeliest next {what}"],
        "lookback": data.window,
        "step": what,
        "unit": data.unit,
        "rows": sum(part["tokens"] for part in splits.values()),
        "vocabulary": vocabulary,
        "kind": kind.name,
        "splits": splits,
    }
    whole = (
        "Whole texts belong to one part"
        if len(paths) >= FEW
        else "Each text is cut: its first part is trained on, its last is the test"
    )
    return {
        "targets": {"text": about},
        "splitting": f"{whole}. The vocabulary is that of the training part alone; no training and no choice sees the test part.",
    }


Piece = tuple[Path, int, int]
"""A text, and the first and last character of it that belong to a split."""


def _split(sizes: dict[Path, int], data: LanguageData) -> dict[str, list[Piece]]:
    """Whole texts if there are enough of them, in an order that only their names decide; else each cut by position."""
    parts: dict[str, list[Piece]] = {split: [] for split in SPLITS}
    if len(sizes) < FEW:
        for path, size in sizes.items():
            valid, test = (round(size * (1 - share)) for share in (data.valid_share + data.test_share, data.test_share))
            for split, first, last in zip(SPLITS, (0, valid, test), (valid, test, size), strict=True):
                parts[split].append((path, first, last))
        return parts
    whole = sum(sizes.values())
    filled = dict.fromkeys(SPLITS, 0)
    for path in sorted(sizes, key=lambda path: files.place(path.name)):
        short = [
            split
            for split, share in (("test", data.test_share), ("valid", data.valid_share))
            if filled[split] < share * whole
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


def _vocabulary(parts: Iterable[Piece], data: LanguageData) -> list[str]:
    """The special tokens, then the training part's units from the most frequent on."""
    counts: Counter[str] = Counter()
    for piece in parts:
        for units in _units(piece, data.unit):
            counts.update(units)
    kept = sorted(
        (unit for unit, count in counts.items() if count >= data.min_count), key=lambda unit: (-counts[unit], unit)
    )
    if len(kept) < 2:
        raise InputError(
            f"language: {len(kept)} different {data.unit} come up at least {data.min_count} times in the training part; there is "
            "nothing to predict: add text to data/input/language, or lower language.data.min_count"
        )
    return [*SPECIAL, *kept[: data.max_vocabulary]]


def _write(
    parts: Iterable[Piece], numbers: dict[str, int], data: LanguageData, kind: "np.dtype[Any]", destination: Path
) -> list[dict[str, Any]]:
    """Append the tokens of every text and its end to `destination`; return what each holds."""
    rows = []
    with destination.open("wb") as file:
        for piece in parts:
            row: dict[str, Any] = {"text": piece[0].stem, "tokens": 1, "characters": 1, "unknown": 0}
            for units in _units(piece, data.unit):
                tokens = np.fromiter((numbers.get(unit, UNKNOWN) for unit in units), kind, len(units))
                tokens.tofile(file)
                row["tokens"] += len(units)
                row["characters"] += sum(map(len, units))
                row["unknown"] += int((tokens == UNKNOWN).sum())
            np.array([END], kind).tofile(file)
            rows.append(row)
    return rows


def tokens_of(prepared: Path, meta: Meta, split: str) -> NDArray[Any]:
    """All tokens of a split, read from disk as they are asked for."""
    return np.memmap(prepared / f"{split}.bin", meta["targets"]["text"]["kind"], "r")


def encode(text: str, meta: Meta) -> tuple[NDArray[np.int32], list[str]]:
    """The tokens of `text` after the end of a text before it, and the units that training has not seen."""
    about = meta["targets"]["text"]
    numbers = {unit: number for number, unit in enumerate(about["vocabulary"])}
    units = (
        list(text) if about["unit"] == "characters" else [word for part in texts.words(iter([text])) for word in part]
    )
    unseen = [unit for unit in dict.fromkeys(units) if unit not in numbers]
    return np.array([END, *(numbers.get(unit, UNKNOWN) for unit in units)], np.int32), unseen


def units(tokens: NDArray[Any], meta: Meta) -> list[str]:
    """The text of each token."""
    vocabulary = meta["targets"]["text"]["vocabulary"]
    return [vocabulary[token] for token in tokens]


def decode(tokens: NDArray[Any], meta: Meta) -> str:
    """The text of tokens."""
    return "".join(units(tokens, meta))


def datasets(prepared: Path, target: str) -> dict[str, Tokens]:
    """Windows of tokens: inputs (window,) int32, targets the same one token later."""
    meta = artifacts.read_json(prepared / "meta.json")
    window = meta["targets"][target]["lookback"]
    return {split: Tokens(tokens_of(prepared, meta, split), window) for split in SPLITS}


# Validate


def expectations(prepared: Path, meta: Meta, validation: LanguageValidation) -> list[Suite]:
    """Texts that belong to one split, few unknown units, and a vocabulary with something to predict."""
    import great_expectations.expectations as gxe

    about = meta["targets"]["text"]
    table = pd.read_parquet(prepared / "texts.parquet")
    shares = pd.DataFrame(
        {
            "split": SPLITS,
            "unknown_share": [about["splits"][split]["unknown"] / about["splits"][split]["tokens"] for split in SPLITS],
            "windows": [about["splits"][split]["windows"] for split in SPLITS],
        }
    )
    vocabulary = pd.DataFrame({"unit": about["vocabulary"]})
    names = ["split", "text"] if len(table["text"].unique()) < FEW else ["text"]
    return [
        Suite(
            "texts",
            table,
            [
                gxe.ExpectColumnValuesToBeInSet(column="split", value_set=list(SPLITS)),
                gxe.ExpectColumnValuesToBeBetween(column="tokens", min_value=2),
                gxe.ExpectCompoundColumnsToBeUnique(column_list=names)
                if len(names) > 1
                else gxe.ExpectColumnValuesToBeUnique(column="text"),
            ],
        ),
        Suite(
            "splits",
            shares,
            [
                gxe.ExpectColumnValuesToBeBetween(column="unknown_share", max_value=validation.max_unknown_share),
                gxe.ExpectColumnValuesToBeBetween(column="windows", min_value=validation.min_windows),
            ],
        ),
        Suite(
            "vocabulary",
            vocabulary,
            [
                gxe.ExpectColumnValuesToBeUnique(column="unit"),
                gxe.ExpectTableRowCountToBeBetween(min_value=2 + validation.min_vocabulary),
            ],
        ),
    ]
