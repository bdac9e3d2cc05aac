"""Heads: losses against NumPy, decoding, and toy problems that only the right loss solves."""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import keras
import numpy as np
import pytest

from pipelines.contract import Batch
from pipelines.nn import heads, layers
from pipelines.nn.datasets import WINDOW
from pipelines.nn.training import Fitting
from pipelines.params.blocks import Model, RecurrentLayer, Train

TRAIN = Train(
    seeds=(1,), epochs=12, batch_size=32, learning_rate=0.02, clip_norm=1.0, patience=12, plateau_patience=12,
    schedule="cosine", mixed_precision=False, xla=False,
)  # fmt: skip


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def test_multi_label_loss_is_the_negative_log_likelihood_per_step() -> None:
    keys = np.array([[[1.0, 0.0], [0.0, 0.0]]], np.float32)
    logits = np.array([[[2.0, -1.0], [0.0, 0.5]]], np.float32)
    chances = 1 / (1 + np.exp(-logits[0]))
    expected = -np.log(np.where(keys[0] > 0, chances, 1 - chances)).sum(-1)
    np.testing.assert_allclose(heads.MultiLabel(2).loss({"keys": keys}, logits)[0], expected, rtol=1e-5)


def test_classifier_loss_is_the_cross_entropy(random: np.random.Generator) -> None:
    logits, labels = random.normal(size=(5, 3)).astype(np.float32), np.array([0, 2, 1, 1, 0])
    expected = -log_softmax(logits)[np.arange(5), labels]
    np.testing.assert_allclose(heads.Classifier(3).loss({"label": labels}, logits), expected, rtol=1e-5)


def test_classifier_decode_gives_probabilities(random: np.random.Generator) -> None:
    logits = random.normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_allclose(heads.Classifier(3).decode(logits), np.exp(log_softmax(logits)), rtol=1e-5)


# CTC


def collapsed(path: tuple[int, ...]) -> list[int]:
    return [symbol for symbol, before in zip(path, (0, *path[:-1]), strict=True) if symbol not in (0, before)]


def ctc_by_enumeration(logits: np.ndarray, label: list[int]) -> float:
    """The sum over all alignments, written out (Graves et al. 2006, equation 3)."""
    chances = log_softmax(logits.astype(np.float64))
    paths = product(range(logits.shape[1]), repeat=len(logits))
    return -float(
        np.logaddexp.reduce(
            [sum(chances[t, symbol] for t, symbol in enumerate(path)) for path in paths if collapsed(path) == label]
        )
    )


CTC_TARGETS = {
    "labels": np.array([[1, 2, 0], [2, 0, 0], [1, 1, 0]]),
    "symbols": np.array([2, 1, 2]),
    "frames": np.array([5, 3, 4]),
}


def test_ctc_loss_sums_over_all_alignments(random: np.random.Generator) -> None:
    logits = random.normal(size=(3, 5, 3)).astype(np.float32)
    rows = zip(logits, CTC_TARGETS["frames"], ([1, 2], [2], [1, 1]), strict=True)
    expected = [ctc_by_enumeration(row[:length], label) for row, length, label in rows]
    np.testing.assert_allclose(heads.CTC(2).loss(CTC_TARGETS, logits), expected, rtol=1e-4)


def test_ctc_loss_ignores_padding(random: np.random.Generator) -> None:
    logits = random.normal(size=(3, 5, 3)).astype(np.float32)
    changed = logits.copy()
    changed[1, 3:], changed[2, 4:] = 9.0, -9.0
    before, after = (heads.CTC(2).loss(CTC_TARGETS, values) for values in (logits, changed))
    np.testing.assert_allclose(after, before, rtol=1e-4)


def test_ctc_decode_removes_repetitions_and_blanks() -> None:
    path = [0, 1, 1, 0, 1, 2, 2, 0]
    logits = np.log(np.eye(3)[path] * 0.98 + 0.01)[None].astype(np.float32)
    head = heads.CTC(2)
    assert head.decode(logits) == [[1, 1, 2]]
    assert head.decode(logits, beam=8) == [[1, 1, 2]]
    assert head.decode(logits, frames=np.array([4])) == [[1]]


def test_ctc_decode_with_a_beam_finds_a_label_that_greedy_decoding_misses() -> None:
    """Graves et al. 2006, figure 2: blank is more likely in both frames, yet the label is more likely than no label."""
    logits = np.log(np.array([[[0.6, 0.4], [0.6, 0.4]]], np.float32))
    head = heads.CTC(1)
    assert head.decode(logits) == [[]]
    assert head.decode(logits, beam=4) == [[1]]


@pytest.mark.parametrize(
    ("labels", "frames", "fits"),
    [([1, 2], 2, True), ([1, 1], 2, False), ([1, 1], 3, True), ([], 1, True), ([1, 2, 3], 2, False)],
)
def test_ctc_fits_is_false_for_labels_that_need_more_frames(labels: list[int], frames: int, fits: bool) -> None:
    assert heads.CTC.fits(np.array(labels, int), frames) is fits


# Toy problems


@dataclass(frozen=True)
class Toy:
    """Random frames of three symbols; the targets of a batch are those of the head."""

    frames: np.ndarray
    head: str
    streams: bool = False
    variants: int = 1
    lengths: None = None

    def __len__(self) -> int:
        return len(self.frames)

    def batch(self, indices: np.ndarray) -> Batch:
        frames = self.frames[indices]
        window = {WINDOW: np.eye(4, dtype=np.float32)[frames]}
        if self.head == "class":  # which symbol comes most often
            counts = np.stack([(frames == symbol).sum(1) for symbol in (1, 2, 3)], axis=1)
            return Batch(window, {"label": counts.argmax(1)})
        labels = [collapsed(tuple(row)) for row in frames.tolist()]
        padded = np.zeros((len(labels), frames.shape[1]), np.int32)
        for row, label in zip(padded, labels, strict=True):
            row[: len(label)] = label
        sizes = np.array([len(label) for label in labels], np.int32)
        return Batch(
            window, {"labels": padded, "symbols": sizes, "frames": np.full(len(labels), frames.shape[1], np.int32)}
        )


def toys(kind: str) -> tuple[Toy, Toy]:
    random = np.random.default_rng(5)
    frames = np.repeat(random.integers(0, 4, (600, 5)), 2, axis=1)
    return Toy(frames[:512], kind), Toy(frames[512:], kind)


def test_classifier_learns_the_most_frequent_symbol(tmp_path: Path) -> None:
    train, valid = toys("class")
    head = heads.Classifier(3)
    options = Model(recurrent=(RecurrentLayer(cell="gru", units=12),), dense=(), dropout=0)
    fitting = Fitting(lambda: layers.window_model(10, 4, options, head, "toy"), head, TRAIN, train, valid)
    fitted = fitting.fit(1, tmp_path / "c.npz", "toy")
    fitting.network.set_weights(fitted.weights)
    batch = valid.batch(np.arange(len(valid)))
    guesses = head.decode(fitting.network.predict_on_batch(batch.inputs)).argmax(1)
    assert (guesses == batch.targets["label"]).mean() > 0.85


def test_ctc_learns_to_transcribe_without_alignment(tmp_path: Path) -> None:
    train, valid = toys("ctc")
    head = heads.CTC(3)

    def build() -> keras.Model:
        window = keras.Input((None, 4), name=WINDOW)
        hidden = layers.layer(RecurrentLayer(cell="lstm", units=12, bidirectional=True), True, "lstm")(window)
        return keras.Model({WINDOW: window}, head.output(hidden))

    fitting = Fitting(build, head, TRAIN, train, valid)
    fitted = fitting.fit(1, tmp_path / "c.npz", "toy")
    fitting.network.set_weights(fitted.weights)
    batch = valid.batch(np.arange(len(valid)))
    found = head.decode(fitting.network.predict_on_batch(batch.inputs), batch.targets["frames"])
    truth = [row[row > 0].tolist() for row in batch.targets["labels"]]
    assert np.mean([ours == theirs for ours, theirs in zip(found, truth, strict=True)]) > 0.9


def test_decoder_trains_with_smoothed_labels_and_reports_the_likelihood() -> None:
    logits, targets = np.array([[[2.0, -1.0, 0.5]]], np.float32), {"next": np.array([[1]])}
    nll = -log_softmax(logits)[..., 1]
    smoothed = 0.9 * nll - 0.1 * log_softmax(logits).mean(-1)
    head = heads.Decoder(3, label_smoothing=0.1)
    np.testing.assert_allclose(head.loss(targets, logits), nll, rtol=1e-5)
    np.testing.assert_allclose(head.training_loss(targets, logits), smoothed, rtol=1e-5)
    np.testing.assert_allclose(heads.Decoder(3).training_loss(targets, logits), nll, rtol=1e-5)
