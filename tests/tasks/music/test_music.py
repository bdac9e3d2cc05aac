"""Music: the data of the splits, the scores of perfect outputs, style transfer, and files that are not music."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from pipelines import artifacts, params
from pipelines.contract import EXPLAINED, SPLITS, BatchPrediction, Evaluation, Source
from pipelines.errors import InputError
from pipelines.nn.datasets import in_order
from pipelines.nn.heads import MultiLabel
from pipelines.nn.vocabulary import SPECIAL
from pipelines.params.blocks import RecurrentLayer, TokenModel
from pipelines.tasks.music import baselines, collect, compare, data, evaluate, events, midi, rolls, train
from pipelines.tasks.music import prepare as prepare_stage
from pipelines.tasks.music.data import FAST, SLOW, STEADY, Meta, Rolls
from pipelines.tasks.music.params import Params
from pipelines.tasks.music.predictions import PredictionAndTransfer
from pipelines.tasks.music.records import Generated, Inside, Transferred
from pipelines.tasks.music.transfer import transfer
from tests.conftest import ROOT
from tests.tasks.music.test_midi import file_of, note

PARAMS = params.block("music", Params, ROOT / "params.yaml")
PARAMS = PARAMS.model_copy(
    update={
        "baselines": PARAMS.baselines.model_copy(update={"ngram_order": 3}),
        "evaluate": PARAMS.evaluate.model_copy(
            update={"pieces": 2, "length": 40, "temperatures": (1.0,), "heard": 1, "seconds": 2.0, "opening": 1}
        ),
    }
)
PREPARE = PARAMS.prepare.model_copy(
    update={
        "frames_per_quarter": {"hymns": 1, "default": 4},
        "frames": 8,
        "tokens": 16,
        "longest": 20,
        "ahead": 2,
        "keys": 3,
    }
)


def hymn(seed: int) -> midi.Piece:
    """Quarter-note chords under a melody that only this piece has."""
    random = np.random.default_rng(seed)
    tops = 65 + random.integers(0, 12, 24)
    start = np.repeat(np.arange(24.0), 3)
    return midi.Piece(
        midi.as_notes(start, start + 1, np.ravel([tops, tops - 7, tops - 15], "F")), signatures=((0.0, 4, 4),)
    )


def jig(seed: int) -> midi.Piece:
    """A quick tune of single notes."""
    random = np.random.default_rng(1000 + seed)
    start = np.arange(48) / 4
    return midi.Piece(midi.as_notes(start, start + 0.25, 70 + random.integers(0, 14, 48)), signatures=((0.0, 2, 4),))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    for style, make in (("hymns", hymn), ("jigs", jig)):
        (folder / "raw" / midi.FOLDER / style).mkdir(parents=True)
        for seed in range(12):
            midi.write(make(seed), folder / "raw" / midi.FOLDER / style / f"{style}-{seed}.mid")
    (folder / "prepared").mkdir()
    meta = prepare_stage.prepare(folder / "raw", PREPARE, folder / "prepared")
    artifacts.write_json(folder / "prepared" / "meta.json", meta)
    return folder / "prepared"


@pytest.fixture(scope="module")
def meta(prepared: Path) -> Meta:
    """As the later stages read it."""
    return artifacts.read(prepared / "meta.json", Meta)


# Collecting


def collected(folder: Path, monkeypatch: pytest.MonkeyPatch, share: float = 0.0) -> Source:
    monkeypatch.chdir(folder)
    (folder / "raw").mkdir()
    found = sorted(path.relative_to(folder) for path in (folder / "data/input/music").rglob("*.*"))
    return collect.collect(PARAMS.collect.model_copy(update={"max_unreadable": share}), found, Path("raw"))


@pytest.fixture
def dropped(tmp_path: Path) -> Path:
    folder = tmp_path / "data/input/music/waltzes/old"
    folder.mkdir(parents=True)
    return folder


def test_collect_takes_the_first_folder_as_the_style(
    tmp_path: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_of(dropped / "one.mid", note(0, 480, 60))
    file_of(dropped.parent / "one.midi", note(0, 480, 60))
    file_of(tmp_path / "data/input/music/loose.mid", note(0, 480, 60))
    source = collected(tmp_path, monkeypatch)
    assert set(source.parts) == {"waltzes", collect.STYLE}
    assert len(list(Path("raw/midi/waltzes").iterdir())) == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.mid", b"To be, or not to be", "is not a readable MIDI file"),
        ("a.mid", b"", "is not a readable MIDI file"),
        ("a.txt", b"To be, or not to be", "is not a MIDI file; convert or remove it"),
        ("a.mid", [note(0, 480, 36, channel=9)], "holds only drums; remove it"),
        ("a.mid", [[]], "holds no notes; remove it"),
        ("a.mid", [note(0, 480 * 120 * 600, 60)], "lasts 600 minutes, more than 60; cut it"),
    ],
)
def test_collect_refuses_a_file_that_is_not_music_with_the_reason(
    tmp_path: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: Any, message: str
) -> None:
    path = dropped / name
    path.write_bytes(content) if isinstance(content, bytes) else file_of(path, *content)
    with pytest.raises(InputError, match=rf"waltzes/old/{name}: {message}"):
        collected(tmp_path, monkeypatch)


def test_collect_names_the_few_unreadable_files_that_it_skips(
    tmp_path: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(3):
        file_of(dropped / f"{index}.mid", note(0, 480, 60))
    (dropped / "broken.mid").write_bytes(b"MThd")
    source = collected(tmp_path, monkeypatch, share=0.3)
    assert len(source.unreadable) == 1
    assert "broken.mid" in source.unreadable[0]


# Preparing


def test_prepare_refuses_a_style_of_one_piece(tmp_path: Path) -> None:
    (tmp_path / "raw/midi/hymns").mkdir(parents=True)
    (tmp_path / "prepared").mkdir()
    midi.write(hymn(0), tmp_path / "raw/midi/hymns/one.mid")
    with pytest.raises(InputError, match="1 different pieces of the style 'hymns', too few to keep whole pieces"):
        prepare_stage.prepare(tmp_path / "raw", PREPARE, tmp_path / "prepared")


def test_prepare_puts_all_versions_of_a_piece_in_one_split(tmp_path: Path) -> None:
    (tmp_path / "raw/midi/hymns").mkdir(parents=True)
    (tmp_path / "prepared").mkdir()
    for index in range(12):
        piece = hymn(index // 2)
        notes = piece.notes.copy()
        notes["pitch"] += index % 2  # the other version is in another key
        midi.write(midi.Piece(notes), tmp_path / f"raw/midi/hymns/{index:02}.mid")
    meta = prepare_stage.prepare(tmp_path / "raw", PREPARE, tmp_path / "prepared")
    assert set(meta.targets) == {"frames", "events"}  # a style transfer needs two styles
    splits = pd.read_parquet(tmp_path / "prepared/pieces.parquet").sort_values("piece")["split"].tolist()
    assert splits[::2] == splits[1::2]
    assert set(splits) == set(SPLITS)


def test_datasets_read_a_piece_in_only_one_split(prepared: Path, meta: Meta) -> None:
    for target in ("frames", "transfer"):
        examples = data.datasets(prepared, meta, target)
        read = {split: set(examples[split].table["piece"]) for split in SPLITS}
        assert not read["train"] & read["valid"] | read["train"] & read["test"] | read["valid"] & read["test"]
        assert set(examples[EXPLAINED].table["piece"]) <= read["test"]
        assert set(examples["test"].table["shift"]) | set(examples["valid"].table["shift"]) == {0}


def test_datasets_read_training_pieces_in_several_keys(prepared: Path, meta: Meta) -> None:
    examples = data.datasets(prepared, meta, "frames")["train"]
    table = examples.table
    for piece in set(table["piece"]):
        shifts = table["shift"][table["piece"] == piece]
        assert len(set(shifts)) == examples.variants == PREPARE.keys
    row = int(np.flatnonzero(table["shift"] > 0)[0])
    same = (table["piece"] == table["piece"][row]) & (table["begin"] == table["begin"][row]) & (table["shift"] == 0)
    moved, own = (examples.cells(np.array([index])) for index in (row, int(np.flatnonzero(same)[0])))
    np.testing.assert_array_equal(moved, np.roll(own, int(table["shift"][row]), axis=2))


def test_rolls_batch_inputs_are_the_previous_frame_and_the_style(prepared: Path, meta: Meta) -> None:
    examples = data.datasets(prepared, meta, "frames")["train"]
    batch = examples.batch(np.arange(len(examples)))
    window, keys, weights = batch.inputs["window"], batch.targets["keys"], batch.weights
    assert weights is not None
    real = weights[:, :-1] > 0
    np.testing.assert_array_equal(window[:, 1:, : midi.KEYS][real], keys[:, :-1][real])
    begins = examples.table["begin"] == examples.table["first"]
    assert not window[begins, 0, : midi.KEYS].any()
    assert window[~begins, 0, : midi.KEYS].any(-1).all()
    np.testing.assert_array_equal(window[:, 0, midi.KEYS :].argmax(-1), examples.table["style"])


@pytest.mark.parametrize("target", ["frames", "transfer"])
def test_rolls_batch_frames_after_the_end_have_no_weight(prepared: Path, meta: Meta, target: str) -> None:
    examples = data.datasets(prepared, meta, target)["test"]
    batch = examples.batch(np.arange(len(examples)))
    assert batch.weights is not None
    lengths = examples.table["end"] - examples.table["begin"]
    assert lengths.min() < examples.window
    np.testing.assert_array_equal(batch.weights.sum(1), lengths)
    assert batch.weights[:, 0].all()
    assert not batch.targets["keys"][batch.weights == 0].any()


def test_vocabulary_has_only_the_tokens_of_training(prepared: Path, meta: Meta) -> None:
    training = np.asarray(data.tokens_of(prepared, meta, "train"))
    assert set(training) == set(range(len(SPECIAL), len(meta.tokens.vocabulary)))


def test_prepare_begins_every_piece_with_the_mark_of_its_style(prepared: Path, meta: Meta) -> None:
    marks = meta.tokens.vocabulary.encode(map(data.mark, meta.styles))
    pieces = pd.read_parquet(prepared / "pieces.parquet")
    for split, variants in (("train", PREPARE.keys), ("test", 1)):
        tokens = np.asarray(data.tokens_of(prepared, meta, split))
        assert tokens[0] in marks
        assert np.isin(tokens, marks).sum() == variants * (pieces["split"] == split).sum()


def test_openings_have_the_requested_bars_of_a_test_piece(prepared: Path, meta: Meta) -> None:
    (opening,) = data.openings(prepared, meta, "jigs", bars=2, count=1)
    piece = data.piece_of(opening, meta, 100)
    assert len(piece.notes) == 16  # two bars of 2/4 in sixteenths
    assert piece.tempi == ((0.0, 100.0),)


def test_pace_brings_a_melody_close_to_another_density() -> None:
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
def test_rolls_cells_at_another_pace_keep_the_melody(pace: int, keys: list[int], struck: list[int]) -> None:
    roll = np.zeros((6, midi.KEYS), np.uint8)
    roll[:3, 1], roll[3:, 2] = rolls.SOUNDING, rolls.SOUNDING
    roll[0, 1] = roll[3, 2] = roll[5, 2] = rolls.STRUCK
    columns = {"begin": 0, "end": 6, "first": 0, "last": 6, "shift": 0, "style": 0, "pace": pace}
    examples = Rolls(roll, {name: np.array([value]) for name, value in columns.items()}, window=16, styles=1)
    assert examples.frames_of(np.array([0])) == [len(keys)]
    highest, hit = rolls.melody(examples.cells(np.array([0]))[0, 1:])
    assert highest[: len(keys)].tolist() == keys
    if pace != FAST:
        assert hit[: len(keys)].tolist() == [bool(value) for value in struck]
    assert (highest[len(keys) :] == -1).all()


# Scores


def perfect(prepared: Path, meta: Meta, target: str, split: str = "test") -> Iterator[BatchPrediction]:
    """Logits that are certain of what sounds; for the style transfer, unchanged pieces."""
    examples = data.datasets(prepared, meta, target)[split]
    for indices in in_order(examples, 5):
        logits = np.where(examples.batch(indices).targets["keys"] > 0, np.float32(20), np.float32(-20))
        if target == "frames":
            yield BatchPrediction(indices, logits)
        else:
            yield PredictionAndTransfer(indices, logits, examples.moved().cells(indices)[:, 1:])


def evaluation_of(prepared: Path, meta: Meta, target: str, predictions: Iterator[BatchPrediction]) -> Evaluation:
    return evaluate.evaluate(prepared, meta, target, "test", predictions, PARAMS)


def test_evaluate_scores_perfect_outputs_perfectly(prepared: Path, meta: Meta) -> None:
    metrics = evaluation_of(prepared, meta, "frames", perfect(prepared, meta, "frames")).metrics
    assert metrics["nll_per_frame"] == pytest.approx(0, abs=1e-5)
    assert metrics["note_accuracy"] == 1


def test_evaluate_scores_uniform_outputs_with_one_bit_per_key(prepared: Path, meta: Meta) -> None:
    uniform = (BatchPrediction(found.indices, 0 * found.outputs) for found in perfect(prepared, meta, "frames"))
    metrics = evaluation_of(prepared, meta, "frames", uniform).metrics
    assert metrics["nll_per_frame"] == pytest.approx(midi.KEYS * np.log(2))
    assert metrics["nll_per_frame_hymns"] == pytest.approx(midi.KEYS * np.log(2))


def test_evaluate_losses_match_the_loss_of_the_head(prepared: Path, meta: Meta, random: np.random.Generator) -> None:
    """In nats per frame of a piece; training counts its first frame, the score does not."""
    examples = data.datasets(prepared, meta, "frames")["test"]
    logits = random.normal(size=(len(examples), examples.window, midi.KEYS)).astype(np.float32)
    prediction = BatchPrediction(np.arange(len(examples)), logits)
    losses = evaluation_of(prepared, meta, "frames", iter([prediction])).losses
    batch = examples.batch(prediction.indices)
    assert batch.weights is not None
    per_frame = np.asarray(train.head(meta, "frames", PARAMS.train).loss(batch.targets, logits)) * batch.weights
    counted = batch.weights.copy()
    counted[examples.table["begin"] == examples.table["first"], 0] = 0
    pieces = [examples.table["piece"] == piece for piece in np.unique(examples.table["piece"])]
    expected = [(per_frame * counted)[piece].sum() / counted[piece].sum() for piece in pieces]
    np.testing.assert_allclose(losses, expected, rtol=1e-5)


def test_evaluate_transfer_of_an_unchanged_piece_keeps_its_content(prepared: Path, meta: Meta) -> None:
    scores = evaluation_of(prepared, meta, "transfer", perfect(prepared, meta, "transfer"))
    assert scores.metrics["chroma_likeness"] == pytest.approx(1)
    assert scores.metrics["rhythm_likeness"] == pytest.approx(1)
    assert (scores.record.chroma_unrelated < 0.9).all()


def test_evaluate_transfer_of_an_unchanged_piece_is_not_the_new_style(prepared: Path, meta: Meta) -> None:
    scores = evaluation_of(prepared, meta, "transfer", perfect(prepared, meta, "transfer"))
    assert scores.metrics["style_recognised"] < 0.5  # a change of pace alone may be taken for one of style
    assert scores.record.accuracy == 1


def test_evaluate_transfer_classifies_whole_pieces(prepared: Path, meta: Meta) -> None:
    examples = data.datasets(prepared, meta, "transfer")["test"]
    pieces = np.unique(examples.table["piece"])
    assert len(pieces) < len(examples)
    record = evaluation_of(prepared, meta, "transfer", perfect(prepared, meta, "transfer")).record
    assert len(record.recognised) == len(record.chroma) == len(pieces)
    assert record.old.tolist() == [examples.table["style"][examples.table["piece"] == p][0] for p in pieces]


@pytest.mark.parametrize(
    ("target", "worse", "better"),
    [
        ("frames", None, "marginal"),
        ("frames", None, "Markov chain"),
        ("events", "unigram", "Kneser–Ney"),
        ("transfer", None, "melody"),
    ],
)
def test_baselines_predict_better_than_chance(
    prepared: Path, meta: Meta, target: str, worse: str | None, better: str
) -> None:
    found = baselines.baselines(prepared, meta, target, PARAMS)
    primary = compare.primary(meta, target)
    chance = found[worse].metrics[primary.metric.name] if worse else midi.KEYS * np.log(2)
    assert found[better].metrics[primary.metric.name] < 0.9 * chance
    assert primary.reference in found


# Networks


def network(meta: Meta, target: str, cell: str = "gru") -> keras.Model:
    options = TokenModel(embedding=4, recurrent=(RecurrentLayer(cell=cell, units=6),), dense=(), dropout=0)
    return train.build(options, meta, target, train.head(meta, target, PARAMS.train))


def test_transfer_network_logits_depend_only_on_higher_keys(prepared: Path, meta: Meta) -> None:
    built = network(meta, "transfer")
    built.get_layer("notes").kernel.assign(np.random.default_rng(0).normal(size=(midi.KEYS, midi.KEYS)))
    inputs = data.datasets(prepared, meta, "transfer")["test"].batch(np.arange(1)).inputs
    before = built.predict_on_batch(inputs)
    inputs["window"][0, 3, -midi.KEYS + 40] = 1 - inputs["window"][0, 3, -midi.KEYS + 40]
    changed = np.abs(built.predict_on_batch(inputs) - before)[0].max(0) > 1e-6
    assert changed[:40].all()
    assert not changed[40:].any()


def test_transfer_keeps_the_melody(prepared: Path, meta: Meta) -> None:
    examples = data.datasets(prepared, meta, "transfer")["test"].moved()
    indices = np.arange(len(examples))
    built = network(meta, "transfer")
    built.get_layer("logits").bias.assign(np.zeros(midi.KEYS))
    drawn = transfer(built, examples, indices, temperature=1.0, seed=1)
    kept, struck = rolls.melody(examples.cells(indices)[:, 1:])
    highest, again = rolls.melody(drawn)
    np.testing.assert_array_equal(highest < 0, kept < 0)
    assert not ((highest - kept)[kept >= 0] % 12).any()
    assert again[struck].all()
    assert (drawn > 0).sum() > (kept >= 0).sum()  # something was added


@pytest.mark.parametrize("target", ["frames", "events", "transfer"])
def test_evaluate_gives_finite_scores_to_an_untrained_network(prepared: Path, meta: Meta, target: str) -> None:
    built, head = network(meta, target), train.head(meta, target, PARAMS.train)
    test = data.datasets(prepared, meta, target)["test"]
    scores = evaluation_of(prepared, meta, target, evaluate.predictions(built, head, meta, target, test, PARAMS))
    assert np.isfinite(scores.metrics[compare.primary(meta, target).metric.name])
    assert np.isfinite(scores.losses).all()


@pytest.mark.parametrize("target", ["frames", "events", "transfer"])
def test_view_explains_the_likeliest_output(prepared: Path, meta: Meta, target: str) -> None:
    built, head = network(meta, target), train.head(meta, target, PARAMS.train)
    examples = data.datasets(prepared, meta, target)
    view = evaluate.view(built, head, meta, target)
    inputs = view.embed(examples.get(EXPLAINED, examples["test"]).batch(np.arange(2)).inputs)
    assert view.likeliest().predict_on_batch(inputs).shape == (2, 1)
    assert view.neutral is not None
    assert view.neutral.shape == inputs["sequence"].shape[2:]


@pytest.fixture(scope="module")
def illustrated(prepared: Path, meta: Meta, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of files, and the illustration of an untrained network for every target."""
    files = tmp_path_factory.mktemp("files")
    shown = {
        target: evaluate.illustrate(
            network(meta, target), train.head(meta, target, PARAMS.train), prepared, meta, target, PARAMS, files
        )
        for target in meta.targets
    }
    return files, shown


def test_illustrate_frames_shows_a_stretch_of_every_style(illustrated: tuple[Path, dict[str, Any]], meta: Meta) -> None:
    shown = illustrated[1]["frames"]
    assert isinstance(shown, Inside)
    assert [stretch.style for stretch in shown.stretches] == meta.styles
    frames = meta.targets["frames"].lookback
    for stretch in shown.stretches:
        assert stretch.keys.shape == stretch.importance.shape == (frames, midi.KEYS)
        assert stretch.gradient.shape == (frames,)
        assert {values.shape for values in stretch.inside.values()} == {(6, frames)}
        assert 0 <= stretch.likeliest < midi.KEYS


@pytest.mark.parametrize(("target", "kind"), [("events", Generated), ("transfer", Transferred)])
def test_illustrate_writes_audible_clips(
    illustrated: tuple[Path, dict[str, Any]], target: str, kind: type[Generated | Transferred]
) -> None:
    files, shown = illustrated[0], illustrated[1][target]
    assert isinstance(shown, kind)
    assert shown.clips
    for clip in shown.clips:
        assert len(midi.read(files / f"{clip.file}.mid").notes) == len(clip.notes)
        assert 0.5 < clip.peak < 1
        assert clip.loudness > 0.005
        assert (files / f"{clip.file}.mp3").stat().st_size > 1000


@pytest.mark.parametrize("target", ["frames", "events", "transfer"])
def test_illustrate_record_survives_writing(
    illustrated: tuple[Path, dict[str, Any]], tmp_path: Path, target: str
) -> None:
    shown = illustrated[1][target]
    artifacts.write_record(tmp_path / "illustration.npz", shown)
    again = artifacts.read_record(tmp_path / "illustration.npz", type(shown))
    np.testing.assert_equal(asdict(again), asdict(shown))


def test_frames_model_starts_with_nearly_all_keys_silent() -> None:
    options = TokenModel(embedding=1, recurrent=(RecurrentLayer(cell="gru", units=4),), dense=(), dropout=0)
    head = MultiLabel(midi.KEYS, train.SILENCE)
    built = train.frames_model(90, options, head, "n", note_by_note=False)
    chances = 1 / (1 + np.exp(-built.predict_on_batch({"window": np.zeros((1, 2, 90), np.float32)})))
    assert 0.2 < chances.sum(-1).mean() < 8


def test_events_encode_marks_every_bar() -> None:
    assert events.encode(jig(0), 4).count(events.BAR) == 6
