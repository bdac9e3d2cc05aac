"""Music: what a split reads, what a perfect foresight scores, and what is no music."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines import artifacts, params
from pipelines.contract import EXPLAINED, SPLITS
from pipelines.errors import InputError
from pipelines.nn import layers, sampling
from pipelines.nn.datasets import FAST, SLOW, STEADY, Rolls, in_order
from pipelines.params.blocks import LanguageModel, RecurrentLayer
from pipelines.tasks.music import data, events, midi, model, rolls, score, source
from tests.conftest import ROOT
from tests.sources.test_midi import file_of, note

PARAMS = params.load(ROOT / "params.yaml").music
DATA = PARAMS.data.model_copy(
    update={
        "frames_per_quarter": {"hymns": 1, "default": 4},
        "frames": 8,
        "tokens": 16,
        "longest": 24,
        "ahead": 2,
        "keys": 3,
    }
)
TUNE = (0, 2, 4, 5, 7, 5, 4, 2, 0, 4, 7, 12)


def hymn(number: int) -> midi.Piece:
    """Chords of a quarter under a melody that only this piece has."""
    random = np.random.default_rng(number)
    tops = 65 + random.integers(0, 12, 24)
    start = np.repeat(np.arange(24.0), 3)
    return midi.Piece(
        midi.as_notes(start, start + 1, np.ravel([tops, tops - 7, tops - 15], "F")), signatures=((0.0, 4, 4),)
    )


def jig(number: int) -> midi.Piece:
    """A quick tune of single notes."""
    random = np.random.default_rng(1000 + number)
    start = np.arange(48) / 4
    return midi.Piece(midi.as_notes(start, start + 0.25, 70 + random.integers(0, 14, 48)), signatures=((0.0, 2, 4),))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    for style, make in (("hymns", hymn), ("jigs", jig)):
        (folder / "raw" / midi.FOLDER / style).mkdir(parents=True)
        for number in range(12):
            midi.write(make(number), folder / "raw" / midi.FOLDER / style / f"{style}-{number}.mid")
    (folder / "prepared").mkdir()
    meta = data.prepare(folder / "raw", DATA, folder / "prepared")
    artifacts.write_json(folder / "prepared" / "meta.json", meta)
    return folder / "prepared"


@pytest.fixture(scope="module")
def meta(prepared: Path) -> Any:
    return artifacts.read_json(prepared / "meta.json")


# Collecting


def collect(folder: Path, monkeypatch: pytest.MonkeyPatch, share: float = 0.0) -> dict[str, Any]:
    monkeypatch.chdir(folder)
    (folder / "raw").mkdir()
    found = sorted(path.relative_to(folder) for path in (folder / "data/input/music").rglob("*.*"))
    return source.collect(PARAMS.source.model_copy(update={"max_unreadable": share}), found, Path("raw"))


@pytest.fixture
def dropped(tmp_path: Path) -> Path:
    folder = tmp_path / "data/input/music/waltzes/old"
    folder.mkdir(parents=True)
    return folder


def test_a_first_folder_is_a_style_and_none_is_one_too(
    tmp_path: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_of(dropped / "one.mid", note(0, 480, 60))
    file_of(dropped.parent / "one.midi", note(0, 480, 60))
    file_of(tmp_path / "data/input/music/loose.mid", note(0, 480, 60))
    collected = collect(tmp_path, monkeypatch)
    assert set(collected["parts"]) == {"waltzes", source.STYLE}
    assert len(list(Path("raw/midi/waltzes").iterdir())) == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.mid", b"To be, or not to be", "is no MIDI file that can be read"),
        ("a.mid", b"", "is no MIDI file that can be read"),
        ("a.txt", b"To be, or not to be", "is no .mid file; convert it"),
        ("a.mid", [note(0, 480, 36, channel=9)], "holds only drums; take it out"),
        ("a.mid", [[]], "holds no notes; take it out"),
        ("a.mid", [note(0, 480 * 120 * 600, 60)], "lasts 600 minutes, more than 60; cut it"),
    ],
)
def test_what_is_no_music_is_named(
    tmp_path: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: Any, message: str
) -> None:
    path = dropped / name
    path.write_bytes(content) if isinstance(content, bytes) else file_of(path, *content)
    with pytest.raises(InputError, match=rf"waltzes/old/{name}: {message}"):
        collect(tmp_path, monkeypatch)


def test_a_few_unreadable_files_are_skipped_and_told(
    tmp_path: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        file_of(dropped / f"{number}.mid", note(0, 480, 60))
    (dropped / "broken.mid").write_bytes(b"MThd")
    collected = collect(tmp_path, monkeypatch, share=0.3)
    assert len(collected["unreadable"]) == 1
    assert "broken.mid" in collected["unreadable"][0]


# Preparing


def test_one_piece_is_too_few(tmp_path: Path) -> None:
    (tmp_path / "raw/midi/hymns").mkdir(parents=True)
    (tmp_path / "prepared").mkdir()
    midi.write(hymn(0), tmp_path / "raw/midi/hymns/one.mid")
    with pytest.raises(InputError, match="1 different pieces of the style 'hymns', too few to keep whole pieces"):
        data.prepare(tmp_path / "raw", DATA, tmp_path / "prepared")


def test_versions_of_a_piece_belong_to_one_split(tmp_path: Path) -> None:
    (tmp_path / "raw/midi/hymns").mkdir(parents=True)
    (tmp_path / "prepared").mkdir()
    for number in range(12):
        piece = hymn(number // 2)
        notes = piece.notes.copy()
        notes["pitch"] += number % 2  # the other version is in another key
        midi.write(midi.Piece(notes), tmp_path / f"raw/midi/hymns/{number:02}.mid")
    meta = data.prepare(tmp_path / "raw", DATA, tmp_path / "prepared")
    assert set(meta["targets"]) == {"frames", "events"}  # one style: nothing to be carried over into
    splits = pd.read_parquet(tmp_path / "prepared/pieces.parquet").sort_values("piece")["split"].tolist()
    assert splits[::2] == splits[1::2]
    assert set(splits) == set(SPLITS)


def test_no_piece_is_read_by_two_splits(prepared: Path, meta: Any) -> None:
    for target in ("frames", "transfer"):
        examples = data.datasets(prepared, target)
        read = {split: set(examples[split].table["piece"]) for split in SPLITS}
        assert not read["train"] & read["valid"] | read["train"] & read["test"] | read["valid"] & read["test"]
        assert set(examples[EXPLAINED].table["piece"]) <= read["test"]
        assert set(examples["test"].table["shift"]) | set(examples["valid"].table["shift"]) == {0}


def test_a_training_piece_is_there_in_several_keys(prepared: Path) -> None:
    train = data.datasets(prepared, "frames")["train"]
    table = train.table
    for piece in set(table["piece"]):
        shifts = table["shift"][table["piece"] == piece]
        assert len(set(shifts)) == train.parts == DATA.keys
    row = int(np.flatnonzero(table["shift"] > 0)[0])
    same = (table["piece"] == table["piece"][row]) & (table["begin"] == table["begin"][row]) & (table["shift"] == 0)
    moved, own = (train.cells(np.array([which])) for which in (row, int(np.flatnonzero(same)[0])))
    np.testing.assert_array_equal(moved, np.roll(own, int(table["shift"][row]), axis=2))


def test_inputs_are_the_frame_before_and_the_style(prepared: Path, meta: Any) -> None:
    train = data.datasets(prepared, "frames")["train"]
    inputs, targets = train.batch(np.arange(len(train)))
    real = targets[:, :-1, 0] >= 0
    np.testing.assert_array_equal(inputs[:, 1:, : midi.KEYS][real], targets[:, :-1][real])
    begins = train.table["begin"] == train.table["first"]
    assert not inputs[begins, 0, : midi.KEYS].any()
    assert inputs[~begins, 0, : midi.KEYS].any(-1).all()
    np.testing.assert_array_equal(inputs[:, 0, midi.KEYS :].argmax(-1), train.table["style"])


def test_the_vocabulary_is_that_of_training_and_each_piece_begins_with_its_style(prepared: Path, meta: Any) -> None:
    vocabulary = meta["targets"]["events"]["vocabulary"]
    marks = [vocabulary.index(data.mark(style)) for style in meta["styles"]]
    train = np.asarray(data.tokens_of(prepared, meta, "train"))
    assert set(train) == set(range(1, len(vocabulary)))
    assert train[0] in marks
    pieces = pd.read_parquet(prepared / "pieces.parquet")
    for split, variants in (("train", DATA.keys), ("test", 1)):
        tokens = np.asarray(data.tokens_of(prepared, meta, split))
        assert np.isin(tokens, marks).sum() == variants * (pieces["split"] == split).sum()


def test_a_test_piece_comes_back_from_its_tokens(prepared: Path, meta: Any) -> None:
    (opening,) = data.openings(prepared, meta, "jigs", bars=2, count=1)
    piece = data.piece_of(opening, meta, 100)
    assert len(piece.notes) == 16  # two bars of 2/4 in sixteenths
    assert piece.tempi == ((0.0, 100.0),)


def test_the_pace_brings_a_melody_near_to_another_density() -> None:
    assert [data.pace(density, 2.0) for density in (0.9, 1.9, 4.2)] == [FAST, STEADY, SLOW]


# Rolls at another pace


@pytest.mark.parametrize(
    ("pace", "keys", "struck"),
    [
        (STEADY, [1, 1, 1, 2, 2, 2], [1, 0, 0, 1, 0, 1]),
        (FAST, [1, 1, 2], [1, 0, 1]),
        (SLOW, [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2], [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0]),
    ],
)
def test_a_piece_at_another_pace_keeps_its_melody(pace: int, keys: list[int], struck: list[int]) -> None:
    roll = np.zeros((6, midi.KEYS), np.uint8)
    roll[:3, 1], roll[3:, 2] = rolls.SOUNDING, rolls.SOUNDING
    roll[0, 1] = roll[3, 2] = roll[5, 2] = rolls.STRUCK
    columns = {"begin": 0, "end": 6, "first": 0, "last": 6, "shift": 0, "style": 0, "pace": pace}
    examples = Rolls(roll, {name: np.array([value]) for name, value in columns.items()}, window=16, styles=1)
    assert examples.lengths(np.array([0])) == [len(keys)]
    highest, hit = rolls.melody(examples.cells(np.array([0]))[0, 1:])
    assert highest[: len(keys)].tolist() == keys
    if pace != FAST:
        assert hit[: len(keys)].tolist() == [bool(each) for each in struck]
    assert (highest[len(keys) :] == -1).all()


# Scores


def perfect(prepared: Path, target: str, split: str = "test") -> Any:
    """Logits that are sure of what sounds, and pieces carried over without a change."""
    examples = data.datasets(prepared, target)[split]
    for place, (_, keys) in enumerate(in_order(examples, score.BATCH)):
        logits = np.where(keys > 0, 20.0, -20.0)
        if target == "frames":
            yield logits
        else:
            indices = np.arange(place * score.BATCH, place * score.BATCH + len(keys))
            yield logits, examples.moved().cells(indices)[:, 1:]


def test_a_network_that_knows_all_makes_no_loss(prepared: Path, meta: Any) -> None:
    scores = score.evaluate(prepared, meta, "frames", "test", perfect(prepared, "frames"), PARAMS)
    assert scores.metrics["nll_per_frame"] == pytest.approx(0, abs=1e-5)
    assert scores.metrics["note_accuracy"] == 1


def test_a_network_that_knows_nothing_loses_a_bit_a_key(prepared: Path, meta: Any) -> None:
    zeros = (np.zeros_like(logits) for logits in perfect(prepared, "frames"))
    metrics = score.evaluate(prepared, meta, "frames", "test", zeros, PARAMS).metrics
    assert metrics["nll_per_frame"] == pytest.approx(midi.KEYS * np.log(2))
    assert metrics["nll_per_frame_hymns"] == pytest.approx(midi.KEYS * np.log(2))


def test_an_unchanged_piece_keeps_its_content_and_not_a_new_style(prepared: Path, meta: Any) -> None:
    scores = score.evaluate(prepared, meta, "transfer", "test", perfect(prepared, "transfer"), PARAMS)
    assert scores.metrics["chroma_likeness"] == pytest.approx(1)
    assert scores.metrics["rhythm_likeness"] == pytest.approx(1)
    assert scores.metrics["style_recognised"] < 0.5  # a change of pace alone may pass for one of style
    assert scores.samples["judge"] == 1
    assert (scores.samples["chroma_unrelated"] < 0.9).all()


def test_whole_pieces_are_judged_however_they_are_cut(prepared: Path, meta: Any) -> None:
    examples = data.datasets(prepared, "transfer")["test"]
    pieces = np.unique(examples.table["piece"])
    assert len(pieces) < len(examples)
    scores = score.evaluate(prepared, meta, "transfer", "test", perfect(prepared, "transfer"), PARAMS)
    assert len(scores.samples["recognised"]) == len(scores.samples["chroma"]) == len(pieces)
    assert scores.samples["old"].tolist() == [examples.table["style"][examples.table["piece"] == p][0] for p in pieces]


@pytest.mark.parametrize(
    ("target", "worse", "better"),
    [
        ("frames", None, "marginal"),
        ("frames", None, "Markov chain"),
        ("events", "unigram", "Kneser–Ney"),
        ("transfer", None, "melody"),
    ],
)
def test_baselines_foresee_more_than_chance(
    prepared: Path, meta: Any, target: str, worse: str | None, better: str
) -> None:
    small = SimpleNamespace(evaluation=PARAMS.evaluation.model_copy(update={"ngram_order": 3}))
    found = score.baselines(prepared, meta, target, small)
    metric = score.primary(target).metric
    chance = found[worse].metrics[metric] if worse else midi.KEYS * np.log(2)
    assert found[better].metrics[metric] < 0.9 * chance
    assert score.primary(target).reference in found


# Networks


def network(meta: Any, target: str, cell: str = "gru") -> Any:
    layers = (RecurrentLayer(cell=cell, units=6),)  # type: ignore[arg-type]
    return model.build(LanguageModel(embedding=4, recurrent=layers, dense=(), dropout=0), meta, target)


def test_no_key_knows_itself_or_one_below(prepared: Path, meta: Any) -> None:
    built = network(meta, "transfer")
    built.get_layer("notes").kernel.assign(np.random.default_rng(0).normal(size=(midi.KEYS, midi.KEYS)))
    inputs, _ = data.datasets(prepared, "transfer")["test"].batch(np.arange(1))
    before = built.predict_on_batch(inputs)
    inputs[0, 3, -midi.KEYS + 40] = 1 - inputs[0, 3, -midi.KEYS + 40]
    changed = np.abs(built.predict_on_batch(inputs) - before)[0].max(0) > 1e-6
    assert changed[:40].all()
    assert not changed[40:].any()


def test_a_piece_carried_over_keeps_its_melody(prepared: Path, meta: Any) -> None:
    examples = data.datasets(prepared, "transfer")["test"].moved()
    indices = np.arange(len(examples))
    built = network(meta, "transfer")
    built.get_layer("logits").bias.assign(np.zeros(midi.KEYS))
    drawn = sampling.carry_over(built, examples, indices, temperature=1.0, seed=1)
    kept, struck = rolls.melody(examples.cells(indices)[:, 1:])
    highest, again = rolls.melody(drawn)
    np.testing.assert_array_equal(highest < 0, kept < 0)
    assert not ((highest - kept)[kept >= 0] % 12).any()
    assert again[struck].all()
    assert (drawn > 0).sum() > (kept >= 0).sum()  # something was added


@pytest.mark.parametrize("target", ["frames", "events", "transfer"])
def test_outputs_are_what_scores_read_and_explanations_stand(
    prepared: Path, meta: Any, target: str, tmp_path: Path
) -> None:
    built = network(meta, target)
    examples = data.datasets(prepared, target)
    scores = score.evaluate(prepared, meta, target, "test", model.outputs(built, examples["test"]), PARAMS)
    assert np.isfinite(scores.metrics[score.primary(target).metric])
    reader = model.readout(built)
    windows = reader.numbers(examples.get(EXPLAINED, examples["test"]).batch(np.arange(2))[0])
    assert reader.network.predict_on_batch(windows).shape == (2, 1)
    small = SimpleNamespace(
        evaluation=PARAMS.evaluation.model_copy(
            update={"pieces": 2, "length": 40, "temperatures": (1.0,), "heard": 1, "seconds": 2.0, "opening": 1}
        )
    )
    shown = model.illustrate(built, prepared, meta, target, small, tmp_path)
    assert shown
    for name in (key.removeprefix("notes/") for key in shown if key.startswith("notes/")):
        assert len(midi.read(tmp_path / f"{name}.mid").notes) == len(shown[f"notes/{name}"])
        peak, loud = shown[f"loudness/{name}"]
        assert 0.5 < peak < 1
        assert loud > 0.005
        assert (tmp_path / f"{name}.mp3").stat().st_size > 1000


def test_the_start_is_silence() -> None:
    """A network for frames begins near the truth: nearly all keys are silent."""
    built = layers.sequence_to_frames(
        90,
        midi.KEYS,
        LanguageModel(embedding=1, recurrent=(RecurrentLayer(cell="gru", units=4),), dense=(), dropout=0),
        "n",
        False,
    )
    chances = 1 / (1 + np.exp(-built.predict_on_batch(np.zeros((1, 2, 90), np.float32))))
    assert 0.2 < chances.sum(-1).mean() < 8


def test_tokens_know_the_bars_of_the_openings() -> None:
    assert events.encode(jig(0), 4).count(events.BAR) == 6
