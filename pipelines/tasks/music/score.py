"""Likelihood of frames and tokens, and of style transfer: new style, preserved content."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.contract import Array, BatchPrediction, Evaluation, Metric
from pipelines.tasks.music import measures, rolls
from pipelines.tasks.music.data import KEYS_TARGET, Meta, Rolls, pieces_of
from pipelines.tasks.music.records import Likeness

METRICS = {
    metric.name: metric
    for metric in (
        Metric("nll_per_frame", "nats per frame"),
        Metric("note_accuracy", "note accuracy", lower_is_better=False),
        Metric("bits_per_token", "bits per token"),
        Metric("perplexity", "perplexity"),
        Metric("accuracy", "accuracy", lower_is_better=False),
        Metric("style_recognised", "style recognised", lower_is_better=False),
        Metric("melody_recognised", "melody recognised"),
        Metric("chroma_likeness", "chroma likeness", lower_is_better=False),
        Metric("rhythm_likeness", "rhythm likeness", lower_is_better=False),
    )
}
"""Of all targets; `nll_per_frame_<style>` besides."""


def score_tokens(bits: Array, hits: Array | None) -> Evaluation:
    """From the bits of every token (windows, window), and whether it was the most likely."""
    per_window = bits.mean(1)
    metrics = {"bits_per_token": float(per_window.mean()), "perplexity": float(2 ** per_window.mean())}
    if hits is not None:
        metrics["accuracy"] = float(hits.mean())
    return Evaluation(metrics, per_window)


def score_frames(examples: Rolls, meta: Meta, predictions: Iterable[BatchPrediction]) -> Evaluation:
    """Nats a frame, mean over pieces, and over the frames of a style; and note accuracy: hits among all keys that sound or were predicted.

    As in Bai et al. 2018 the first frame of a piece is not counted: nothing comes before it. Note accuracy: Bay et al. 2009.
    """
    table = examples.table
    nats, count = np.zeros(len(examples)), np.zeros(len(examples), np.int64)
    hits, either = 0, 0
    for prediction in predictions:
        batch = examples.batch(prediction.indices)
        keys = batch.targets[KEYS_TARGET]
        assert batch.weights is not None
        counted = batch.weights > 0
        counted[:, 0] &= (table["begin"] > table["first"])[prediction.indices]
        values = prediction.outputs.astype(np.float64)
        nll = (np.logaddexp(0, values) - keys * values).sum(-1)
        nats[prediction.indices] = (nll * counted).sum(1)
        count[prediction.indices] = counted.sum(1)
        sounding, predicted = keys[counted] > 0, values[counted] > 0
        hits += int((sounding & predicted).sum())
        either += int((sounding | predicted).sum())
    by_style = {}
    for style_index, style in enumerate(meta.styles):
        chosen = table["style"] == style_index
        by_style[style] = float(nats[chosen].sum() / max(count[chosen].sum(), 1))
    _, which = np.unique(table["piece"], return_inverse=True)
    losses = np.bincount(which, nats) / np.maximum(np.bincount(which, count), 1)
    return Evaluation(
        metrics={
            "nll_per_frame": float(losses.mean()),
            **{f"nll_per_frame_{style}": value for style, value in by_style.items()},
            "note_accuracy": hits / max(either, 1),
        },
        losses=losses,
    )


def score_transfer(prepared: Path, examples: Rolls, meta: Meta, predictions: Iterable[Any]) -> Evaluation:
    """Likelihood of the original pieces, and style and content of the transferred ones."""
    transferred: dict[int, rolls.Roll] = {}

    def kept() -> Iterator[BatchPrediction]:
        for prediction in predictions:
            transferred.update(zip(prediction.indices.tolist(), prediction.cells, strict=True))
            yield prediction

    scored = score_frames(examples, meta, kept())
    likeness, record = _likeness(examples, transferred, StyleClassifier.fitted(prepared, meta), meta)
    of_all = {name: scored.metrics[name] for name in ("nll_per_frame", "note_accuracy")}
    return Evaluation({**of_all, **likeness}, scored.losses, record)


@dataclass(frozen=True)
class StyleClassifier:
    """Classifies the style of a piece: logistic regression on `style_features`, independent of every network."""

    by_piece: Any
    by_melody: Any
    """The same, on the melody alone."""

    @classmethod
    def fitted(cls, prepared: Path, meta: Meta) -> "StyleClassifier":
        """A style classifier fitted on the training pieces."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        pieces_by_style = [(list(pieces_of(prepared, "train", style)), style) for style in meta.styles]
        features = np.stack([measures.style_features(roll) for pieces, _ in pieces_by_style for roll in pieces])
        styles = [style for pieces, style in pieces_by_style for _ in pieces]
        by_piece, by_melody = (make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)) for _ in range(2))
        melody_features = measures.melody_style_features(features)
        return cls(by_piece.fit(features, styles), by_melody.fit(melody_features, styles))

    def recognises(self, pieces: list[rolls.Roll], styles: list[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether each piece is classified as the given style: by the whole piece, and by its melody alone."""
        features = np.stack([measures.style_features(roll) for roll in pieces])
        expected = np.array(styles)
        by_melody = self.by_melody.predict(measures.melody_style_features(features))
        return self.by_piece.predict(features) == expected, by_melody == expected


def _likeness(
    examples: Rolls, transferred: dict[int, rolls.Roll], classifier: StyleClassifier, meta: Meta
) -> tuple[dict[str, float], Likeness]:
    """Shares of pieces classified as the new style, and likeness to the original and to unrelated pieces.

    Whole pieces are classified, joined from their stretches.
    """
    moved, styles, steps = examples.moved(), meta.styles, meta.steps
    lengths, own = (rows.frames_of(np.arange(len(examples))) for rows in (moved, examples))
    pieces = [np.flatnonzero(examples.table["piece"] == piece) for piece in np.unique(examples.table["piece"])]

    def joined(stretch: Callable[[int], rolls.Roll]) -> list[rolls.Roll]:
        return [np.concatenate([stretch(example) for example in piece]) for piece in pieces]

    before = joined(lambda example: moved.cells(np.array([example]))[0, 1 : lengths[example] + 1])
    after = joined(lambda example: transferred[example][: lengths[example]])
    unmoved = joined(lambda example: examples.cells(np.array([example]))[0, 1 : own[example] + 1])
    first = [piece[0] for piece in pieces]
    old, new = ([styles[style] for style in rows.table["style"][first]] for rows in (examples, moved))
    recognised, melody = classifier.recognises(after, new)
    unchanged, _ = classifier.recognises(unmoved, old)
    others = [_other(piece, old) for piece in range(len(old))]
    chroma, rhythm, chroma_unrelated, rhythm_unrelated = (
        np.array([like(before[other], after[piece]) for piece, other in enumerate(originals)])
        for originals in (range(len(old)), others)
        for like in (lambda one, other: measures.chroma_likeness(one, other, steps), measures.rhythm_likeness)
    )
    metrics = {
        "style_recognised": float(recognised.mean()),
        "melody_recognised": float(melody.mean()),
        "chroma_likeness": float(chroma.mean()),
        "rhythm_likeness": float(rhythm.mean()),
    }
    old_styles = np.array([styles.index(style) for style in old])
    accuracy = float(unchanged.mean())
    return metrics, Likeness(
        old_styles, recognised, melody, chroma, rhythm, chroma_unrelated, rhythm_unrelated, accuracy
    )


def _other(piece: int, styles: list[str]) -> int:
    """Another piece of the same style, chosen by position."""
    same = [index for index, style in enumerate(styles) if style == styles[piece]]
    return same[(same.index(piece) + max(1, len(same) // 2)) % len(same)]
