from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pipelines.params.language import LanguageData

from pipelines import artifacts, params
from pipelines.contract import SPLITS
from pipelines.errors import InputError
from pipelines.nn.datasets import streams
from pipelines.params.blocks import WindowSource
from pipelines.tasks.language import data, score, source
from pipelines.tasks.language.texts import FOLDER
from tests.conftest import ROOT

DATA = LanguageData(
    unit="characters", window=8, valid_share=0.2, test_share=0.2, min_count=1, max_vocabulary=1000
)  # fmt: skip
SOURCE = WindowSource(samples=("grimm",), max_unreadable=0.05)
EVALUATION = params.load(ROOT / "params.yaml").language.evaluation


class Params:
    evaluation = EVALUATION.model_copy(update={"ngram_order": 3})


def collect(folder: Path, **files: bytes | str) -> dict[str, Any]:
    """What `collect` makes of files with these names and contents, in `folder / "raw"`."""
    dropped = []
    for name, content in files.items():
        path = folder / f"{name}.txt"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        dropped.append(path)
    (folder / "raw").mkdir()
    return source.collect(SOURCE, dropped, folder / "raw")


def prepare(folder: Path, texts: dict[str, str], **changes: Any) -> tuple[Path, dict[str, Any]]:
    raw, prepared = folder / "raw", folder / "prepared"
    (raw / FOLDER).mkdir(parents=True)
    prepared.mkdir()
    for name, text in texts.items():
        (raw / FOLDER / f"{name}.txt").write_text(text, newline="")
    meta = data.prepare(raw, DATA.model_copy(update=changes), prepared)
    artifacts.write_json(prepared / "meta.json", meta)
    return prepared, meta


def of_letter(letter: str, size: int = 60) -> str:
    return (letter * 3 + " ") * (size // 4)


# Collecting


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"a\.txt: is empty; put text into it"),
        (b" \r\n\t \n", r"a\.txt: is empty"),
        (b"\xef\xbb\xbf", r"a\.txt: is empty"),
        (b"gr\xfcn", r"a\.txt, byte 2: is not UTF-8; save the file in that encoding"),
        ("grün".encode("utf-16"), r"a\.txt, byte 0: is not UTF-8"),
    ],
)
def test_a_file_that_is_no_text_is_named_with_reason_and_remedy(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        collect(tmp_path, a=content)


def test_a_file_of_another_kind_is_not_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "tales.docx"
    path.write_bytes(b"PK")
    (tmp_path / "raw").mkdir()
    with pytest.raises(InputError, match=r"tales\.docx: is no \.txt file; convert it"):
        source.collect(SOURCE, [path], tmp_path / "raw")


def test_a_few_unreadable_files_among_many_are_left_out_and_named(tmp_path: Path) -> None:
    told = collect(tmp_path, **{f"tale{n}": f"Tale {n}." for n in range(30)}, broken=b"\xff")
    assert len(list((tmp_path / "raw" / FOLDER).iterdir())) == 30
    assert len(told["unreadable"]) == 1
    assert "broken.txt, byte 0" in told["unreadable"][0]


def test_two_files_of_one_name_in_two_folders_are_two_texts(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    paths = [tmp_path / folder / "tale.txt" for folder in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        path.write_text(path.as_posix())
    source.collect(SOURCE, paths, tmp_path / "raw")
    written = list((tmp_path / "raw" / FOLDER).iterdir())
    assert {path.read_text() for path in written} == {path.as_posix() for path in paths}


# Preparing


def test_whole_texts_belong_to_one_part_and_the_same_ones_always(tmp_path: Path) -> None:
    letters = "abcdefghijklmno"
    prepared, meta = prepare(tmp_path, {f"tale-{letter}": of_letter(letter) for letter in letters})
    table = pd.read_parquet(prepared / "texts.parquet")
    assert table["text"].is_unique
    assert set(table["split"]) == set(SPLITS)
    assert len(table) == len(letters)
    again, _ = prepare(tmp_path / "again", {f"tale-{letter}": of_letter(letter) for letter in reversed(letters)})
    for split in SPLITS:
        assert (prepared / f"{split}.bin").read_bytes() == (again / f"{split}.bin").read_bytes()
    assert meta["splitting"].startswith("Whole texts belong to one part")


def test_few_texts_are_cut_and_the_last_part_is_the_test(tmp_path: Path) -> None:
    text = "".join(chr(0x4E00 + number) for number in range(100))
    prepared, meta = prepare(tmp_path, {"one": text})
    assert meta["splitting"].startswith("Each text is cut")
    tokens = {split: data.tokens_of(prepared, meta, split) for split in SPLITS}
    assert data.decode(tokens["train"], meta) == text[:60] + "␄"
    assert {split: len(row) for split, row in tokens.items()} == {"train": 61, "valid": 21, "test": 21}
    assert set(tokens["test"][:-1]) == {data.UNKNOWN}


def test_the_vocabulary_is_that_of_the_training_part_alone(tmp_path: Path) -> None:
    prepared, meta = prepare(tmp_path, {f"tale-{letter}": of_letter(letter) for letter in "abcdefghijklmno"})
    table = pd.read_parquet(prepared / "texts.parquet").set_index("split")
    trained = {text.removeprefix("tale-") for text in table["text"][table.index == "train"]}
    assert set(meta["targets"]["text"]["vocabulary"][2:]) == trained | {" "}
    assert (table["unknown"][table.index != "train"] > 0).all()
    assert (table["unknown"][table.index == "train"] == 0).all()


def test_rare_units_are_unknown_and_the_most_frequent_kept(tmp_path: Path) -> None:
    text = "a" * 300 + "b" * 200 + "c" * 100 + "d"
    _, meta = prepare(tmp_path, {"one": "".join(text[n % len(text)] for n in range(0, 7 * 2000, 7))}, max_vocabulary=2)
    assert meta["targets"]["text"]["vocabulary"] == [*data.SPECIAL, "a", "b"]


@pytest.mark.parametrize("unit", ["characters", "words"])
def test_any_script_comes_back_as_it_was(tmp_path: Path, unit: str) -> None:
    text = "שלום 🐺 👩‍👩‍👧 Rotkäppchen عليكم, “quoted”.\n" * 40
    prepared, meta = prepare(tmp_path, {"one": text}, unit=unit)
    train = data.decode(data.tokens_of(prepared, meta, "train"), meta)
    assert text.startswith(train.removesuffix("␄"))
    tokens, unseen = data.encode("שלום 🐺 ☃", meta)
    assert unseen == (["☃"] if unit == "characters" else [" ☃"])
    assert data.decode(tokens[1:], meta) == ("שלום 🐺 �" if unit == "characters" else "שלום 🐺�")


def test_a_text_shorter_than_a_window_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the valid part has 4 characters, too few for a window of 8; add text"):
        prepare(tmp_path, {"one": "abcabcabcabcabc"})


def test_a_text_without_variety_leaves_nothing_to_predict(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"1 different characters come up at least 1 times .*nothing to predict"):
        prepare(tmp_path, {"one": "a" * 500})


def test_more_than_256_characters_take_two_bytes_each(tmp_path: Path) -> None:
    text = "".join(chr(0x4E00 + number % 300) for number in range(3000))
    prepared, meta = prepare(tmp_path, {"one": text})
    assert meta["targets"]["text"]["kind"] == "uint16"
    assert data.decode(data.tokens_of(prepared, meta, "train"), meta) == text[:1800] + "␄"


def test_the_targets_of_a_window_are_the_next_characters(tmp_path: Path) -> None:
    prepared, meta = prepare(tmp_path, {"one": "abcdefghij" * 20})
    inputs, targets = data.datasets(prepared, "text")["train"].batch(np.array([0, 1]))
    assert data.decode(inputs[0], meta) == "abcdefgh"
    assert data.decode(targets[0], meta) == "bcdefghi"
    assert inputs[1, 0] == targets[0, -1]


# Scoring


def logits_of(prepared: Path, certain: bool) -> list[np.ndarray]:
    """What a network would put out that knows the next token, or one that knows nothing."""
    meta = artifacts.read_json(prepared / "meta.json")
    examples = data.datasets(prepared, "text")["test"]
    vocabulary = len(meta["targets"]["text"]["vocabulary"])
    known = [examples.batch(indices)[1] for indices in streams(len(examples), data.STREAMS)]
    return [np.eye(vocabulary, dtype=np.float32)[targets] * (100 if certain else 0) for targets in known]


@pytest.fixture
def tales(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    return prepare(tmp_path, {"one": "The “quick (brown) fox” jumps. " * 100})


def test_a_perfect_output_scores_perfectly_and_an_even_one_its_entropy(tales: tuple[Path, dict[str, Any]]) -> None:
    prepared, meta = tales
    perfect = score.evaluate(prepared, meta, "text", "test", logits_of(prepared, True), Params)
    assert perfect.metrics == pytest.approx({"bits_per_character": 0, "perplexity": 1, "accuracy": 1})
    even = score.evaluate(prepared, meta, "text", "test", logits_of(prepared, False), Params)
    vocabulary = len(meta["targets"]["text"]["vocabulary"])
    assert even.metrics["bits_per_character"] == pytest.approx(np.log2(vocabulary))
    assert even.metrics["perplexity"] == pytest.approx(vocabulary)
    np.testing.assert_allclose(even.losses, np.log2(vocabulary))


def test_words_are_scored_by_the_character(tmp_path: Path) -> None:
    prepared, meta = prepare(tmp_path, {"one": "one three five seven nine " * 200}, unit="words")
    scored = score.evaluate(prepared, meta, "text", "test", logits_of(prepared, False), Params)
    tokens = data.tokens_of(prepared, meta, "test")[1 : scored.losses.size * DATA.window + 1]
    bits = np.log2(len(meta["targets"]["text"]["vocabulary"])) * len(tokens)
    assert scored.metrics["bits_per_character"] == pytest.approx(bits / len(data.decode(tokens, meta)))


def test_baselines_learn_from_training_and_score_the_same_items(tales: tuple[Path, dict[str, Any]]) -> None:
    prepared, meta = tales
    scored = score.baselines(prepared, meta, "text", Params)
    network = score.evaluate(prepared, meta, "text", "test", logits_of(prepared, False), Params)
    assert {len(each.losses) for each in (*scored.values(), network)} == {len(network.losses)}
    assert scored["Kneser–Ney"].metrics["bits_per_character"] < 0.5 < scored["unigram"].metrics["bits_per_character"]


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("he said “go on” and", ".........xxxxxx...."),
        ('he said "go on" and', ".........xxxxxx...."),
        ("a (b [c] d) e", "...xxxxxxxx.."),
        ("‘I don’t know’ he", ".xxxxxxxxxxxxx..."),
        ("the king’s men’s", "." * 16),
        ("never) opened] here”", "." * 20),
    ],
)
def test_quotation_marks_and_brackets_hold_what_is_inside(text: str, inside: str) -> None:
    found = score.within_quotes(text, len(text))
    assert "".join("x" if each else "." for each in found) == inside


def test_a_quotation_that_is_never_closed_ends_by_itself() -> None:
    text = "“" + "a" * 3000
    inside = score.within_quotes(text, len(text))
    assert inside[1 : score.LONGEST].all()
    assert not inside[score.LONGEST + 2 :].any()
