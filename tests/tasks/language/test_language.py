from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines import artifacts, params
from pipelines.contract import SPLITS, BatchPrediction, Evaluation, Source
from pipelines.errors import InputError
from pipelines.nn.datasets import scoring_order
from pipelines.nn.vocabulary import SPECIAL, UNKNOWN
from pipelines.params import blocks
from pipelines.tasks.language import baselines, collect, data, evaluate, score
from pipelines.tasks.language import prepare as prepare_stage
from pipelines.tasks.language.params import Params, Prepare
from pipelines.tasks.language.texts import FOLDER
from tests.conftest import ROOT

PARAMS = params.block("language", Params, ROOT / "params.yaml")
PARAMS = PARAMS.model_copy(update={"baselines": PARAMS.baselines.model_copy(update={"ngram_order": 3})})
COLLECT = blocks.Collect(samples=("grimm",), max_unreadable=0.05)
PREPARE = Prepare(
    unit="characters", window=8, carry_state=True, valid_share=0.2, test_share=0.2, min_count=1, max_vocabulary=1000
)  # fmt: skip
Prepared = tuple[Path, data.Meta]


def collected(folder: Path, **files: bytes | str) -> Source:
    """What `collect` makes of files with these names and contents, in `folder / "raw"`."""
    dropped = []
    for name, content in files.items():
        path = folder / f"{name}.txt"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        dropped.append(path)
    (folder / "raw").mkdir()
    return collect.collect(COLLECT, dropped, folder / "raw")


def prepare(folder: Path, texts: dict[str, str], **changes: Any) -> Prepared:
    """The prepared folder, and its meta as the later stages read it."""
    raw, prepared = folder / "raw", folder / "prepared"
    (raw / FOLDER).mkdir(parents=True)
    prepared.mkdir()
    for name, text in texts.items():
        (raw / FOLDER / f"{name}.txt").write_text(text, newline="")
    meta = prepare_stage.prepare(raw, PREPARE.model_copy(update=changes), prepared)
    artifacts.write_json(prepared / "meta.json", meta)
    return prepared, artifacts.read(prepared / "meta.json", data.Meta)


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
def test_collect_refuses_a_file_without_text_with_reason_and_remedy(
    tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        collected(tmp_path, a=content)


def test_collect_refuses_a_file_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "tales.docx"
    path.write_bytes(b"PK")
    (tmp_path / "raw").mkdir()
    with pytest.raises(InputError, match=r"tales\.docx: is not a \.txt file; convert or remove it"):
        collect.collect(COLLECT, [path], tmp_path / "raw")


def test_collect_names_the_few_unreadable_files_that_it_skips(tmp_path: Path) -> None:
    source = collected(tmp_path, **{f"tale{n}": f"Tale {n}." for n in range(30)}, broken=b"\xff")
    assert len(list((tmp_path / "raw" / FOLDER).iterdir())) == 30
    assert len(source.unreadable) == 1
    assert "broken.txt, byte 0" in source.unreadable[0]


def test_collect_takes_files_with_names_of_any_length(tmp_path: Path) -> None:
    collected(tmp_path, **{"n" * 250: "A tale.", "ü" * 125: "Another."})
    assert len(list((tmp_path / "raw" / "texts").iterdir())) == 2


def test_collect_keeps_files_of_the_same_name_in_two_folders(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    paths = [tmp_path / folder / "tale.txt" for folder in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        path.write_text(path.as_posix())
    collect.collect(COLLECT, paths, tmp_path / "raw")
    written = list((tmp_path / "raw" / FOLDER).iterdir())
    assert {path.read_text() for path in written} == {path.as_posix() for path in paths}


# Preparing


def test_collect_reads_copies_of_a_text_once_and_names_them(tmp_path: Path) -> None:
    files = [tmp_path / f"{index}.txt" for index in range(12)]
    for index, path in enumerate(files):
        path.write_text("The same tale, told again. " * 20 if index != 5 else "Another tale. " * 20)
    (tmp_path / "raw").mkdir()
    source = collect.collect(COLLECT, files, tmp_path / "raw")
    assert sorted(source.parts) == ["0", "5"]
    assert source.notes == [f"{files[1]} and 9 more: the same content as {files[0]}; read once"]


def test_prepare_assigns_whole_texts_to_splits_by_their_names(tmp_path: Path) -> None:
    letters = "abcdefghijklmno"
    prepared, meta = prepare(tmp_path, {f"tale-{letter}": of_letter(letter) for letter in letters})
    table = pd.read_parquet(prepared / "texts.parquet")
    assert table["text"].is_unique
    assert set(table["split"]) == set(SPLITS)
    assert len(table) == len(letters)
    again, _ = prepare(tmp_path / "again", {f"tale-{letter}": of_letter(letter) for letter in reversed(letters)})
    for split in SPLITS:
        assert (prepared / f"{split}.bin").read_bytes() == (again / f"{split}.bin").read_bytes()
    assert meta.splitting.startswith("Whole texts belong to one part")


def test_prepare_cuts_a_few_texts_and_tests_on_their_ends(tmp_path: Path) -> None:
    text = "".join(chr(0x4E00 + offset) for offset in range(100))
    prepared, meta = prepare(tmp_path, {"one": text})
    assert meta.splitting.startswith("Each text is cut")
    tokens = {split: data.tokens_of(prepared, meta, split) for split in SPLITS}
    assert data.decode(tokens["train"], meta) == text[:60] + "(end)"
    assert {split: len(row) for split, row in tokens.items()} == {"train": 61, "valid": 21, "test": 21}
    assert set(tokens["test"][:-1]) == {UNKNOWN}


def test_vocabulary_has_only_the_units_of_training(tmp_path: Path) -> None:
    prepared, meta = prepare(tmp_path, {f"tale-{letter}": of_letter(letter) for letter in "abcdefghijklmno"})
    table = pd.read_parquet(prepared / "texts.parquet").set_index("split")
    training = {text.removeprefix("tale-") for text in table["text"][table.index == "train"]}
    assert set(meta.text.vocabulary.words[len(SPECIAL) :]) == training | {" "}
    assert (table["unknown"][table.index != "train"] > 0).all()
    assert (table["unknown"][table.index == "train"] == 0).all()


def test_vocabulary_keeps_the_most_frequent_units(tmp_path: Path) -> None:
    text = "a" * 300 + "b" * 200 + "c" * 100 + "d"
    _, meta = prepare(tmp_path, {"one": "".join(text[n % len(text)] for n in range(0, 7 * 2000, 7))}, max_vocabulary=2)
    assert meta.text.vocabulary.words == (*SPECIAL, "a", "b")


@pytest.mark.parametrize("unit", ["characters", "words"])
def test_decode_restores_text_in_any_script(tmp_path: Path, unit: str) -> None:
    text = "שלום 🐺 👩‍👩‍👧 Rotkäppchen عليكم, “quoted”.\n" * 40
    prepared, meta = prepare(tmp_path, {"one": text}, unit=unit)
    train = data.decode(data.tokens_of(prepared, meta, "train"), meta)
    assert text.startswith(train.removesuffix("(end)"))
    tokens, unseen = data.encode("שלום 🐺 ☃", meta)
    assert unseen == (["☃"] if unit == "characters" else [" ☃"])
    assert data.decode(tokens[1:], meta) == ("שלום 🐺 �" if unit == "characters" else "שלום 🐺�")


def test_prepare_refuses_a_text_shorter_than_a_window(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the valid part has 4 characters, too few for a window of 8; add text"):
        prepare(tmp_path, {"one": "abcabcabcabcabc"})


def test_prepare_refuses_a_text_of_one_character(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"1 different characters occur at least 1 times .*nothing to predict"):
        prepare(tmp_path, {"one": "a" * 500})


def test_prepare_stores_more_than_256_characters_in_two_bytes(tmp_path: Path) -> None:
    text = "".join(chr(0x4E00 + index % 300) for index in range(3000))
    prepared, meta = prepare(tmp_path, {"one": text})
    assert meta.text.kind == "uint16"
    assert data.decode(data.tokens_of(prepared, meta, "train"), meta) == text[:1800] + "(end)"


def test_datasets_targets_are_the_next_characters(tmp_path: Path) -> None:
    prepared, meta = prepare(tmp_path, {"one": "abcdefghij" * 20})
    batch = data.datasets(prepared, meta, "text")["train"].batch(np.array([0, 1]))
    inputs, targets = batch.inputs["tokens"], batch.targets["next"]
    assert data.decode(inputs[0], meta) == "abcdefgh"
    assert data.decode(targets[0], meta) == "bcdefghi"
    assert inputs[1, 0] == targets[0, -1]


@pytest.mark.parametrize("carry_state", [True, False])
def test_datasets_stream_training_windows_if_the_state_is_carried(tmp_path: Path, carry_state: bool) -> None:
    prepared, meta = prepare(tmp_path, {"one": "abcdefghij" * 20}, carry_state=carry_state)
    streams = {split: examples.streams for split, examples in data.datasets(prepared, meta, "text").items()}
    assert streams == {"train": carry_state, "valid": True, "test": True}


# Scoring


def outputs_of(prepared: Path, meta: data.Meta, certain: bool) -> Iterator[BatchPrediction]:
    """The outputs of a network that knows the next token, or of one that knows nothing."""
    examples = data.datasets(prepared, meta, "text")["test"]
    units = np.eye(len(meta.text.vocabulary), dtype=np.float32) * (100 if certain else 0)
    for indices in scoring_order(examples):
        yield BatchPrediction(indices, units[examples.batch(indices).targets["next"]])


def evaluation_of(prepared: Path, meta: data.Meta, predictions: Iterator[BatchPrediction]) -> Evaluation:
    return evaluate.evaluate(prepared, meta, "text", "test", predictions, PARAMS)


@pytest.fixture
def tales(tmp_path: Path) -> Prepared:
    return prepare(tmp_path, {"one": "The “quick (brown) fox” jumps. " * 100})


def test_evaluate_scores_perfect_outputs_perfectly(tales: Prepared) -> None:
    perfect = evaluation_of(*tales, outputs_of(*tales, certain=True))
    assert perfect.metrics == pytest.approx({"bits_per_character": 0, "perplexity": 1, "accuracy": 1})


def test_evaluate_scores_uniform_outputs_with_their_entropy(tales: Prepared) -> None:
    uniform = evaluation_of(*tales, outputs_of(*tales, certain=False))
    vocabulary = len(tales[1].text.vocabulary)
    assert uniform.metrics["bits_per_character"] == pytest.approx(np.log2(vocabulary))
    assert uniform.metrics["perplexity"] == pytest.approx(vocabulary)
    np.testing.assert_allclose(uniform.losses, np.log2(vocabulary))


def test_evaluate_does_not_depend_on_the_order_of_predictions(tales: Prepared) -> None:
    odd = [
        BatchPrediction(prediction.indices, prediction.outputs * (prediction.indices % 2)[:, None, None])
        for prediction in outputs_of(*tales, certain=True)
    ]
    ordered, reverse = (evaluation_of(*tales, iter(predictions)) for predictions in (odd, odd[::-1]))
    assert ordered.metrics == reverse.metrics
    np.testing.assert_array_equal(ordered.losses, reverse.losses)
    assert (ordered.losses[::2] > 1).all()
    assert (ordered.losses[1::2] < 1e-6).all()


def test_evaluate_scores_words_per_character(tmp_path: Path) -> None:
    prepared, meta = prepare(tmp_path, {"one": "one three five seven nine " * 200}, unit="words")
    found = evaluation_of(prepared, meta, outputs_of(prepared, meta, certain=False))
    tokens = data.tokens_of(prepared, meta, "test")[1 : found.losses.size * PREPARE.window + 1]
    bits = np.log2(len(meta.text.vocabulary)) * len(tokens)
    assert found.metrics["bits_per_character"] == pytest.approx(bits / len(data.decode(tokens, meta)))


def test_baselines_are_scored_on_the_windows_of_the_networks(tales: Prepared) -> None:
    network = evaluation_of(*tales, outputs_of(*tales, certain=False))
    for baseline in baselines.baselines(*tales, "text", PARAMS).values():
        assert len(baseline().losses) == len(network.losses)


def test_kneser_ney_learns_from_the_training_part(tales: Prepared) -> None:
    found = baselines.baselines(*tales, "text", PARAMS)
    bits = {name: baseline().metrics["bits_per_character"] for name, baseline in found.items()}
    assert bits["Kneser–Ney"] < 0.5 < bits["unigram"]


def test_evaluate_measures_bits_inside_quotation_marks_separately(tales: Prepared) -> None:
    record = evaluation_of(*tales, outputs_of(*tales, certain=True)).record
    text = "The “quick (brown) fox” jumps. "
    assert record.inside_share == pytest.approx((text.index("”") - text.index("“")) / len(text), abs=0.02)
    assert record.bits_inside == pytest.approx(0, abs=1e-6)
    assert record.bits_outside == pytest.approx(0, abs=1e-6)


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
def test_within_quotes_finds_quotation_marks_and_brackets(text: str, inside: str) -> None:
    found = score.within_quotes(text, len(text))
    assert "".join("x" if quoted else "." for quoted in found) == inside


def test_within_quotes_ends_an_unclosed_quotation_after_the_longest() -> None:
    text = "“" + "a" * 3000
    inside = score.within_quotes(text, len(text))
    assert inside[1 : score.LONGEST].all()
    assert not inside[score.LONGEST + 2 :].any()
