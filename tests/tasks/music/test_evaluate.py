"""The scores of perfect outputs, style transfer, and what is illustrated."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pipelines import artifacts
from pipelines.contract import EXPLAINED, BatchPrediction, Evaluation
from pipelines.nn.datasets import in_order
from pipelines.nn.heads import MultiLabel
from pipelines.params.blocks import RecurrentLayer, TokenModel
from pipelines.tasks.music import baselines, compare, data, evaluate, events, midi, rolls, train
from pipelines.tasks.music.data import Meta
from pipelines.tasks.music.predictions import PredictionAndTransfer
from pipelines.tasks.music.records import Generated, Inside, Transferred
from pipelines.tasks.music.transfer import transfer
from tests.tasks.music.pieces import PARAMS, jig


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
    chance = found[worse]().metrics[primary.metric.name] if worse else midi.KEYS * np.log(2)
    assert found[better]().metrics[primary.metric.name] < 0.9 * chance
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
