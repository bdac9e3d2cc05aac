"""Numbers in words: what is collected, how it is split, what is scored, and the non-neural baselines."""

from pathlib import Path

import numpy as np
import pytest

from pipelines import artifacts, params
from pipelines.contract import SPLITS, Evaluation
from pipelines.errors import InputError
from pipelines.nn.decoding import Hypothesis
from pipelines.sequence_to_sequence.data import table_of
from pipelines.sequence_to_sequence.generate import Transcription
from pipelines.sources.pairs import PAIRS
from pipelines.tasks.numbers import baselines, collect, compare, evaluate, prepare, score
from pipelines.tasks.numbers.data import WORDS, Meta, datasets
from pipelines.tasks.numbers.params import Params
from tests.conftest import ROOT

BLOCK = params.block("numbers", Params, ROOT / "params.yaml")
SMALL = BLOCK.model_copy(
    update={
        "collect": BLOCK.collect.model_copy(update={"pairs": 900}),
        "prepare": BLOCK.prepare.model_copy(update={"longest": 6, "max_longer": 60}),
    }
)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("numbers")
    for name in ("raw", "prepared"):
        (folder / name).mkdir()
    collect.collect(SMALL.collect, [], folder / "raw")
    artifacts.write_json(
        folder / "prepared" / "meta.json", prepare.prepare(folder / "raw", SMALL.prepare, folder / "prepared")
    )
    return folder / "prepared"


@pytest.fixture(scope="module")
def meta(prepared: Path) -> Meta:
    return artifacts.read(prepared / "meta.json", Meta)


# Collecting


@pytest.mark.parametrize(
    ("number", "english", "turkish"),
    [
        (0, "zero", "sıfır"),
        (12, "twelve", "on iki"),
        (100, "one hundred", "yüz"),
        (312, "three hundred twelve", "üç yüz on iki"),
        (1000, "one thousand", "bin"),
        (21_001, "twenty one thousand one", "yirmi bir bin bir"),
        (999_999, "nine hundred ninety nine thousand nine hundred ninety nine",
         "dokuz yüz doksan dokuz bin dokuz yüz doksan dokuz"),
        (2_000_010, "two million ten", "iki milyon on"),
    ],
)  # fmt: skip
def test_english_and_turkish_write_a_number_in_words(number: int, english: str, turkish: str) -> None:
    assert (collect.english(number), collect.turkish(number)) == (english, turkish)


def dropped(folder: Path, **files: str) -> list[Path]:
    paths = []
    for name, content in files.items():
        paths.append(folder / f"{name}.tsv")
        paths[-1].write_text(content)
    (folder / "raw").mkdir()
    return paths


def test_collect_draws_many_numbers_in_time_that_grows_with_them() -> None:
    """As many of each number of digits, as far as there are."""
    many = SMALL.collect.model_copy(update={"pairs": 100_000, "highest": 999_999})
    drawn = collect._numbers(many)
    assert len(set(drawn)) == len(drawn) == 100_000
    assert sum(number < 10 for number in drawn) == 9


def test_pairs_may_hold_marks_that_elsewhere_end_a_line(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    path = tmp_path / "pairs.tsv"
    path.write_text("".join(f"one\u2028{number}\x0cof\u0085us\tbir {number}\n" for number in range(40)))
    collect.collect(SMALL.collect, [path], tmp_path / "raw")
    meta = prepare.prepare(tmp_path / "raw", SMALL.prepare, tmp_path / "prepared")
    assert meta.targets["words"].rows == 40


def test_collect_keeps_a_repeated_pair_once(tmp_path: Path) -> None:
    files = dropped(tmp_path, a="one\tbir\ntwo\tiki\n", b="two\tiki\nthree\tüç\n")
    source = collect.collect(SMALL.collect, files, tmp_path / "raw")
    assert not source.sample
    assert (tmp_path / "raw" / PAIRS).read_text() == "one\tbir\ntwo\tiki\nthree\tüç\n"


def test_collect_refuses_files_with_too_many_faulty_lines(tmp_path: Path) -> None:
    files = dropped(tmp_path, a="one\tbir\ntwo iki\n")
    with pytest.raises(
        InputError, match=r"a\.tsv, line 2: has no tab .*; 1 of 2 lines cannot be used, at most 5% may be"
    ):
        collect.collect(SMALL.collect, files, tmp_path / "raw")


# Preparing


def test_prepare_puts_every_source_in_one_split(prepared: Path) -> None:
    table = table_of(prepared)
    assert table["source"].is_unique
    assert set(table["split"]) == set(SPLITS)


def test_prepare_puts_longer_sources_in_the_test_part(prepared: Path, meta: Meta) -> None:
    table = table_of(prepared)
    lengths = table["source"].map(lambda text: len(WORDS.source(text)))
    assert lengths[table["split"] != "test"].max() == meta.targets["words"].longest == 6
    assert lengths[table["longer"]].min() > 6
    test = table[table["split"] == "test"]
    assert test["longer"].sum() == meta.targets["words"].longer == 60
    assert test["longer"].iloc[-60:].all()


def test_vocabulary_has_only_the_words_of_training(prepared: Path, meta: Meta) -> None:
    training = table_of(prepared).query("split == 'train'")
    words = {word for text in training["target"] for word in WORDS.source(text)}
    assert set(meta.targets["words"].target_vocabulary.words[4:]) == words


def test_datasets_hold_the_rows_of_the_table(prepared: Path, meta: Meta) -> None:
    table = table_of(prepared)
    for split, examples in datasets(prepared, meta, "words").items():
        rows = table[table["split"] == split]
        assert len(examples) == len(rows) == meta.targets["words"].splits[split].windows
        decoded = meta.targets["words"].target_vocabulary.decode(examples.targets[0].tolist())
        assert decoded == WORDS.source(rows["target"].iloc[0])


def test_prepare_merges_sources_that_differ_in_case_or_spaces(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    lines = [f"word{number}\twort{number}" for number in range(40)] + ["Word1\twort1", "word1 \twort1"]
    (tmp_path / "raw" / PAIRS).write_text("\n".join(lines))
    prepare.prepare(tmp_path / "raw", SMALL.prepare, tmp_path / "prepared")
    assert len(table_of(tmp_path / "prepared")) == 40


def test_prepare_refuses_too_few_pairs(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / PAIRS).write_text("one\tbir\n" + "a b c d e f g h\ti\n")
    with pytest.raises(InputError, match="1 pairs of at most 6 tokens leave none for valid; add pairs"):
        prepare.prepare(tmp_path / "raw", SMALL.prepare, tmp_path / "prepared")


# Scoring


def test_score_counts_word_edits_with_longer_pairs_separate() -> None:
    references = [["a", "b"], ["c"], ["d", "e", "f", "g"]]
    written = [["a", "b"], ["c", "c"], ["d", "e", "g"]]
    scored = score.score(references, written, references, longer=1)
    assert scored.metrics["exact_match"] == 0.5
    assert scored.metrics["token_error_rate"] == pytest.approx(1 / 3)
    assert scored.metrics["exact_match_longer"] == 0
    assert scored.metrics["token_error_rate_longer"] == 0.25
    assert scored.losses.tolist() == [0, 1]
    assert scored.record.mistakes[0] == ("c", "c c", "c")


def perfect(prepared: Path, meta: Meta, wrong: int = 0) -> Evaluation:
    examples = datasets(prepared, meta, "words")["test"]
    rows = [row.tolist() for row in examples.targets]
    rows[:wrong] = [[] for _ in range(wrong)]
    hypotheses = [Hypothesis(row, 0.0, None) for row in rows]
    order = np.random.default_rng(1).permutation(len(examples))

    def predictions() -> object:
        for indices in np.array_split(order, 3):
            outputs = [hypotheses[index] for index in indices]
            zeros = np.zeros(len(indices))
            yield Transcription(indices, np.zeros(0), outputs, outputs, zeros, zeros + 1)

    return evaluate.evaluate(prepared, meta, "words", "test", predictions(), SMALL)  # type: ignore[arg-type]


def test_evaluate_scores_perfect_outputs_perfectly_in_any_order(prepared: Path, meta: Meta) -> None:
    scored = perfect(prepared, meta)
    for name in ("exact_match", "exact_match_longer", "exact_match_greedy"):
        assert scored.metrics[name] == 1
    assert scored.metrics["token_error_rate"] == 0
    assert not scored.losses.any()
    worse = perfect(prepared, meta, wrong=3)
    assert worse.losses[:3].tolist() == [1, 1, 1]
    assert not worse.losses[3:].any()


# Baselines


def test_baselines_are_scored_on_the_pairs_of_the_networks(prepared: Path, meta: Meta) -> None:
    scored = {name: method() for name, method in baselines.baselines(prepared, meta, "words", SMALL).items()}
    assert {len(baseline.losses) for baseline in scored.values()} == {len(perfect(prepared, meta).losses)}
    assert compare.primary(meta, "words").reference in scored
    assert scored["copy"].metrics["exact_match"] == 0
    assert scored["word for word"].metrics["exact_match"] > 0.4
    assert scored["nearest neighbour"].metrics["token_error_rate"] < scored["copy"].metrics["token_error_rate"]


def test_word_for_word_learns_the_table_of_words() -> None:
    known = [["big", "house"], ["big", "cat"], ["small", "cat"], ["house"]]
    translations = [["büyük", "ev"], ["büyük", "kedi"], ["küçük", "kedi"], ["ev"]]
    translate = baselines.word_for_word(known, translations, iterations=20)
    assert translate([["small", "house"], ["unseen", "big"]]) == [["küçük", "ev"], ["unseen", "büyük"]]
