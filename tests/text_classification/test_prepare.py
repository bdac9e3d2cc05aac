"""How texts are split and encoded: what no part may share, what is left out, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines import params
from pipelines.contract import SPLITS
from pipelines.errors import InputError
from pipelines.nn.vocabulary import SPECIAL, UNKNOWN
from pipelines.tasks.topics.params import Params
from pipelines.text_classification import prepare
from pipelines.text_classification.data import TABLE, Meta, datasets, shown, table_of, tokens
from pipelines.text_classification.params import Prepare
from tests.conftest import ROOT

BLOCK = params.block("topics", Params, ROOT / "params.yaml").prepare
Rows = list[tuple[str, str, str]]


def many(count: int = 40, split: str = "") -> Rows:
    return [(f"word{number} of {label}", label, split) for label in ("one", "two") for number in range(count)]


def prepared(folder: Path, rows: Rows, **changes: Any) -> Meta:
    for name in ("raw", "prepared"):
        (folder / name).mkdir(exist_ok=True)
    pd.DataFrame(rows, columns=["text", "label", "split"]).to_parquet(folder / "raw" / TABLE)
    options = Prepare.model_validate({**BLOCK.model_dump(), "min_count": 1, **changes})
    return prepare.prepare("topics", folder / "raw", options, folder / "prepared")


def test_split_is_stratified_and_follows_from_the_texts_alone(tmp_path: Path) -> None:
    rows = many()
    prepared(tmp_path, rows)
    table = table_of(tmp_path / "prepared").set_index("text")["split"]
    counts = table_of(tmp_path / "prepared").groupby(["split", "label"]).size()
    assert counts.to_dict() == {
        (split, label): size for split, size in (("test", 8), ("valid", 4), ("train", 28)) for label in ("one", "two")
    }
    prepared(tmp_path, rows[::-1])
    assert table_of(tmp_path / "prepared").set_index("text")["split"].to_dict() == table.to_dict()


def test_split_has_no_text_twice_and_none_with_two_labels(tmp_path: Path) -> None:
    rows = [*many(), ("WORD1  of one", "one", ""), ("word2 of one", "two", "")]
    meta = prepared(tmp_path, rows)
    table = table_of(tmp_path / "prepared")
    assert len(table) == 79
    assert not (table["text"] == "word2 of one").any()
    assert "2 with more than one label left out; 1 that repeat another left out" in meta.label.splits["train"].note


def test_published_test_part_stays_whole_and_is_not_trained_on(tmp_path: Path) -> None:
    test: Rows = [("seen in both", "one", "test"), ("seen in both", "one", "test"), ("new", "two", "test")]
    meta = prepared(tmp_path, [*many(split="train"), ("Seen in both", "one", "train"), *test])
    table = table_of(tmp_path / "prepared")
    assert table.loc[table["split"] == "test", "text"].tolist() == ["seen in both", "seen in both", "new"]
    assert (table["split"] == "valid").sum() == 8
    assert "1 that are in test too left out" in meta.label.splits["train"].note


def test_published_validation_part_is_kept(tmp_path: Path) -> None:
    rows = [*many(split="train"), ("a", "one", "valid"), ("b", "two", "valid"), ("c", "one", "test")]
    prepared(tmp_path, rows)
    table = table_of(tmp_path / "prepared")
    assert table.loc[table["split"] == "valid", "text"].tolist() == ["a", "b"]
    assert (table["split"] == "train").sum() == 80


def test_classes_that_training_does_not_have_are_named_and_left_out(tmp_path: Path) -> None:
    rows = [*many(split="train"), ("a", "one", "test"), ("b", "three", "test")]
    meta = prepared(tmp_path, rows)
    assert meta.label.classes == ["one", "two"]
    assert meta.label.splits["test"].windows == 1
    assert "1 of classes that training does not have (three) left out" in meta.label.splits["test"].note


def test_classes_are_ordered_by_their_number_of_texts(tmp_path: Path) -> None:
    meta = prepared(tmp_path, [*many(), *[(f"another {number}", "two", "") for number in range(20)]])
    assert meta.label.classes == ["two", "one"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(f"text {number}", "one", "") for number in range(40)], "needs two classes .* all its texts have the label 'one'"),
        ([("\x07", "one", ""), ("\x00", "two", "")], "needs two classes .* it has no text"),
        (many(2), "its 4 texts leave none for valid; add texts to data/input/topics"),
        ([*many(split="train"), ("b", "three", "test")], "leave none for test"),
    ],
)  # fmt: skip
def test_prepare_refuses_what_leaves_nothing_to_learn(tmp_path: Path, rows: Rows, message: str) -> None:
    with pytest.raises(InputError, match=message):
        prepared(tmp_path, rows)


def test_long_texts_are_cut_and_counted(tmp_path: Path) -> None:
    rows = [
        *many(split="train"),
        (" ".join(["word"] * 10_000), "one", "train"),
        ("a", "one", "valid"),
        ("b", "one", "test"),
    ]
    meta = prepared(tmp_path, rows, longest=50)
    assert "1 cut after 50 tokens" in meta.label.splits["train"].note
    train = datasets(tmp_path / "prepared", meta, "label")["train"]
    assert train.lengths.max() == 50 == meta.label.batch_lengths[-1]
    assert table_of(tmp_path / "prepared")["tokens"].max() == 10_000


def test_vocabulary_has_the_words_of_training_alone(tmp_path: Path) -> None:
    meta = prepared(tmp_path, many(), min_count=2)
    table = table_of(tmp_path / "prepared")
    training = " ".join(table.loc[table["split"] == "train", "text"]).split()
    assert set(meta.label.vocabulary.words[len(SPECIAL) :]) == {word for word in training if training.count(word) > 1}


@pytest.mark.parametrize("unit", ["words", "subwords"])
def test_datasets_hold_the_tokens_of_the_table(tmp_path: Path, unit: str) -> None:
    meta = prepared(tmp_path, many(), unit=unit, subwords=60)
    table = table_of(tmp_path / "prepared")
    label = meta.label
    examples = datasets(tmp_path / "prepared", meta, "label")
    for split in SPLITS:
        rows = table[table["split"] == split].reset_index(drop=True)
        assert len(examples[split]) == len(rows) == label.splits[split].windows
        batch = examples[split].batch(np.array([3, 0]))
        for row, found, index in zip((3, 0), batch.inputs["tokens"], batch.targets["label"], strict=True):
            text = rows["text"][row]
            expected = label.vocabulary.encode(tokens(text, unit, "en", tmp_path / "prepared"))
            assert found[: len(expected)].tolist() == expected
            assert not found[len(expected) :].any()
            assert label.classes[index] == rows["label"][row]
            assert "".join(shown(text, unit, "en", tmp_path / "prepared")).strip() == text
    unknown = sum(int((examples[split].tokens == UNKNOWN).sum()) for split in SPLITS)
    assert unknown == sum(part.unknown for part in label.splits.values())


def test_subwords_are_the_same_in_every_run(tmp_path: Path) -> None:
    rows = [(f"{text} again and again", *rest) for text, *rest in many()]
    models = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        prepared(tmp_path / name, rows, unit="subwords", subwords=60)  # type: ignore[arg-type]
        models.append((tmp_path / name / "prepared" / "subwords.model").read_bytes())
    assert models[0] == models[1]


def test_subwords_are_at_least_as_many_as_characters(tmp_path: Path) -> None:
    """Scripts of thousands of characters, and texts longer than SentencePiece would take by itself."""
    many_characters = "".join(chr(0x4E00 + number) for number in range(3000))
    rows = [(f"{many_characters[number * 40 :][:60]} {label}", label, "") for number in range(70) for label in "ab"]
    meta = prepared(tmp_path, [*rows, (many_characters * 2, "a", "")], unit="subwords", subwords=60, longest=300)
    assert meta.label.splits["train"].unknown == 0
