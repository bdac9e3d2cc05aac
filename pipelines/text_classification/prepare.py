"""From labelled texts to tokens: split without a text in two parts, the vocabulary fitted on the training part alone."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines import artifacts
from pipelines.contract import SPLITS
from pipelines.errors import InputError
from pipelines.nn.datasets import even_sizes
from pipelines.nn.vocabulary import UNKNOWN, Vocabulary
from pipelines.printing import quoted, shortened
from pipelines.sources import files, subwords
from pipelines.text_classification.data import SUBWORDS, TABLE, Meta, Texts, TextSplit, TextTarget, tokens
from pipelines.text_classification.params import TARGET, Prepare
from pipelines.text_classification.words import words

SHOWN = 5
"""Classes that are named."""


def prepare(task: str, raw: Path, params: Prepare, destination: Path) -> Meta:
    """Write the table of texts with their split, and the tokens of each split; data that leave nothing to learn raise `InputError`."""
    table = artifacts.read_table(raw / TABLE)
    # Texts of the same words are one text, however they are spaced or capitalised.
    table["read"] = [" ".join(words(text, params.language)) for text in table["text"]]
    notes: dict[str, list[str]] = {split: [] for split in SPLITS}
    published = bool((table["split"] != "").any())
    table = _without_wordless(table, notes)
    table = _with_published_split(table, params, notes) if published else _split(_unique(table, notes["train"]), params)
    table, classes = _of_known_classes(task, table, notes)
    table = table.reset_index(drop=True)

    if params.unit == "subwords":
        subwords.fit(table.loc[table["split"] == "train", "read"], params.subwords, destination / SUBWORDS)
    whole = [tokens(text, params.unit, params.language, destination) for text in table["text"]]
    table["tokens"] = [len(row) for row in whole]
    read = [row[: params.longest] for row in whole]
    training = [row for row, split in zip(read, table["split"], strict=True) if split == "train"]
    vocabulary = Vocabulary.fitted(
        (token for row in training for token in row), params.min_count, params.max_vocabulary
    )
    splits = {
        split: _save(split, table, read, vocabulary, classes, params.longest, notes[split], destination)
        for split in SPLITS
    }
    table[["text", "label", "split", "tokens"]].to_parquet(destination / TABLE, index=False)
    test = table.loc[table["split"] == "test", "tokens"]
    label = TextTarget(
        features=[params.unit.removesuffix("s")],
        outputs=["the likeliest class"],
        lookback=min(int(test.max()), params.longest),
        step=params.unit.removesuffix("s"),
        rows=len(table),
        splits=splits,
        classes=classes,
        vocabulary=vocabulary,
        unit=params.unit,
        language=params.language,
        longest=params.longest,
        batch_lengths=even_sizes(np.array([len(row) for row in training]), params.lengths),
    )
    how = (
        "Parts are those that the data name; what they do not name is cut out of the training part, stratified by class."
        if published
        else "Texts are split by class, in an order that only the texts decide."
    )
    return Meta(
        {TARGET: label},
        f"{how} No text of the same words is in two parts. The vocabulary is that of the training part alone; no training and no choice "
        "sees the test part.",
    )


# Parts


def _without_wordless(table: pd.DataFrame, notes: dict[str, list[str]]) -> pd.DataFrame:
    """Without texts that are white space and control characters alone."""
    empty = table["read"] == ""
    _note(notes["train"], int(empty.sum()), "without a word or mark left out")
    return table[~empty]


def _unique(table: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Each text once; none that has two labels."""
    labels = table.groupby("read")["label"].transform("nunique")
    _note(notes, int((labels > 1).sum()), "with more than one label left out")
    table = table[labels == 1]
    repeated = table.duplicated("read")
    _note(notes, int(repeated.sum()), "that repeat another left out")
    return table[~repeated]


def _with_published_split(table: pd.DataFrame, params: Prepare, notes: dict[str, list[str]]) -> pd.DataFrame:
    """The named parts; the test part stays whole, and no text of it is trained on or validated with."""
    kept = {split: table[table["split"] == split] for split in SPLITS}
    for split, others in (("train", ("test", "valid")), ("valid", ("test",))):
        for other in others:
            shared = kept[split]["read"].isin(set(kept[other]["read"]))
            _note(notes[split], int(shared.sum()), f"that are in {other} too left out")
            kept[split] = kept[split][~shared]
        kept[split] = _unique(kept[split], notes[split])
    missing = [split for split in ("test", "valid") if kept[split].empty]
    shares = {"test": params.test_share, "valid": params.valid_share}
    kept["train"] = _assigned(kept["train"], {split: shares[split] for split in missing})
    return pd.concat(kept.values())


def _split(table: pd.DataFrame, params: Prepare) -> pd.DataFrame:
    return _assigned(table, {"test": params.test_share, "valid": params.valid_share})


def _assigned(table: pd.DataFrame, shares: dict[str, float]) -> pd.DataFrame:
    """The share of every class for each split, the rest for training, in a pseudo-random order that only the texts decide."""
    order = table["read"].map(files.order_key).sort_values().index
    assigned = pd.Series("train", order)
    for rows in table.loc[order].groupby("label").indices.values():
        first = 0
        for split, share in shares.items():
            count = round(len(rows) * share)
            assigned.iloc[rows[first : first + count]] = split
            first += count
    return table.assign(split=assigned)


def _of_known_classes(task: str, table: pd.DataFrame, notes: dict[str, list[str]]) -> tuple[pd.DataFrame, list[str]]:
    """Without texts of classes that training does not have; the classes, from the most frequent on.

    Raise `InputError` if there are fewer than two, or a part has no text.
    """
    counts = Counter(table.loc[table["split"] == "train", "label"])
    classes = sorted(counts, key=lambda label: (-counts[label], label))
    folder = f"data/input/{task}"
    if len(classes) < 2:
        has = f"all its texts have the label {quoted(classes[0])}" if classes else "it has no text"
        raise InputError(
            f"{task}: a classifier needs two classes to tell apart, but of the training part {has}; add others to {folder}"
        )
    for split in ("valid", "test"):
        strange = table.loc[(table["split"] == split) & ~table["label"].isin(classes), "label"]
        some = shortened(", ".join(sorted(strange.unique())[:SHOWN]))
        _note(
            notes[split],
            len(strange),
            f"of classes that training does not have ({some}) left out: no method could know them",
        )
    table = table[table["label"].isin(classes)]
    for split in SPLITS:
        if not (table["split"] == split).any():
            raise InputError(
                f"{task}: its {len(table):,} texts leave none for {split}; add texts to {folder}, or raise {task}.prepare's shares"
            )
    return table, classes


def _note(notes: list[str], count: int, what: str) -> None:
    if count:
        notes.append(f"{count:,} {what}")


# Tokens


def _save(
    split: str,
    table: pd.DataFrame,
    read: Sequence[list[str]],
    vocabulary: Vocabulary,
    classes: list[str],
    longest: int,
    notes: list[str],
    destination: Path,
) -> TextSplit:
    """Write the tokens of a split."""
    rows = np.flatnonzero(table["split"] == split)
    encoded = [vocabulary.encode(read[row]) for row in rows]
    index = {label: number for number, label in enumerate(classes)}
    Texts.save(destination, split, encoded, [index[label] for label in table["label"].iloc[rows]])
    count = sum(map(len, encoded))
    unknown = sum(token == UNKNOWN for row in encoded for token in row)
    cut = int((table["tokens"].iloc[rows] > longest).sum())
    _note(notes, cut, f"cut after {longest:,} tokens")
    return TextSplit(len(rows), "; ".join([f"{count:,} tokens", *notes]), tokens=count, unknown=unknown)
