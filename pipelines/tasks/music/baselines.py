"""Counting baselines, all fitted on the training part."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.baselines import ngrams
from pipelines.contract import BatchPrediction, Evaluation, Floats
from pipelines.nn.datasets import scoring_order
from pipelines.params.blocks import NgramBaseline
from pipelines.tasks.music import rolls
from pipelines.tasks.music.counting import MARGINAL, MARKOV, CountingModel
from pipelines.tasks.music.data import EVENTS, FRAMES, Meta, Rolls, datasets, tokens_of
from pipelines.tasks.music.midi import KEYS
from pipelines.tasks.music.params import Params
from pipelines.tasks.music.predictions import PredictionAndTransfer
from pipelines.tasks.music.score import score_frames, score_tokens, score_transfer

__all__ = ["Meta", "baselines"]
BATCH = 64
MELODIES = 25
"""States of the melody in a frame that a counting model distinguishes: rest, or one of twelve pitch classes, struck or held."""
LEARNED = 256
"""Examples of which a counting model is fitted at a time."""


def baselines(prepared: Path, meta: Meta, target: str, params: Params) -> dict[str, Callable[[], Evaluation]]:
    """Counting models of the training part, scored on the test part."""
    if target == EVENTS:
        return _count_tokens(prepared, meta, params.baselines)
    contexts = {MARGINAL: _style, MARKOV: _style_and_before} if target == FRAMES else {
        "melody": _style_and_melody, MARKOV: _style_melody_and_before
    }  # fmt: skip
    examples = datasets(prepared, meta, target)

    def scored(context: ContextFunction) -> Evaluation:
        outputs = _outputs(examples["test"], _fitted(examples["train"], context), context)
        if target == FRAMES:
            return score_frames(examples["test"], meta, outputs)
        return score_transfer(prepared, examples["test"], meta, outputs)

    return {name: partial(scored, context) for name, context in contexts.items()}


def _count_tokens(prepared: Path, meta: Meta, sizes: NgramBaseline) -> dict[str, Callable[[], Evaluation]]:
    vocabulary = len(meta.tokens.vocabulary)
    training = np.asarray(tokens_of(prepared, meta, "train")[: sizes.ngram_tokens], np.int64)
    examples = datasets(prepared, meta, EVENTS)["test"]
    windows = scoring_order(examples).size  # those that the networks are scored on
    tokens = np.asarray(examples.tokens[: windows * examples.window + 1], np.int64)

    def scored(log_probs: Callable[[], Floats]) -> Evaluation:
        return score_tokens(-log_probs()[1:].reshape(-1, examples.window), None)

    models = ngrams.log_probabilities(training, tokens, vocabulary, sizes.ngram_order, sizes.ngram_discount)
    return {name: partial(scored, log_probs) for name, log_probs in models.items()}


Array = NDArray[np.int64]
ContextFunction = Callable[[Array, rolls.Roll, rolls.Roll, Array], Array]
"""From the style (batch,), the keys before, the piece's own now (batch, frames, 88) and the number of voices (batch, frames) to a context
for each key."""


def _style(style: Array, before: rolls.Roll, now: rolls.Roll, voices: Array) -> Array:
    return np.broadcast_to(style[:, None, None], before.shape)


def _style_and_before(style: Array, before: rolls.Roll, now: rolls.Roll, voices: Array) -> Array:
    return 2 * style[:, None, None] + (before > 0)


def _style_and_melody(style: Array, before: rolls.Roll, now: rolls.Roll, voices: Array) -> Array:
    """Style, number of voices, pitch class of the melody and whether it is struck."""
    highest, struck = rolls.melody(now)
    melody = np.where(highest >= 0, 1 + highest % 12 + 12 * struck, 0)
    known = (style[:, None] * rolls.VOICES + voices) * MELODIES + melody
    return np.broadcast_to(known[..., None], before.shape)


def _style_melody_and_before(style: Array, before: rolls.Roll, now: rolls.Roll, voices: Array) -> Array:
    return 2 * _style_and_melody(style, before, now, voices) + (before > 0)


def _fitted(examples: Rolls, context: ContextFunction) -> CountingModel:
    """Fit on the training part in its original keys: better for a model that treats each key by itself."""
    counted = CountingModel(2 * MELODIES * rolls.VOICES * examples.styles, KEYS)
    count = len(examples) // examples.variants
    for start in range(0, count, LEARNED):
        indices = np.arange(start, min(start + LEARNED, count))
        cells = examples.cells(indices)
        weights = examples.batch(indices).weights
        assert weights is not None
        real = weights > 0
        before, now = cells[:, :-1], cells[:, 1:]
        contexts = context(examples.table["style"][indices], before, now, rolls.voices(now))
        counted.fit(contexts[real], now[real] > 0)
    return counted


def _outputs(examples: Rolls, counted: CountingModel, context: ContextFunction) -> Iterator[BatchPrediction]:
    """The same outputs as a network's: logits; and pieces in another style where the melody is known."""
    for start in range(0, len(examples), BATCH):
        indices = np.arange(start, min(start + BATCH, len(examples)))
        cells, style = examples.cells(indices), examples.table["style"][indices]
        before, now = cells[:, :-1], cells[:, 1:]
        logits = counted.logits(context(style, before, now, rolls.voices(now)))
        if examples.ahead is None:
            yield BatchPrediction(indices, logits)
        else:
            yield PredictionAndTransfer(indices, logits, _drawn(examples.moved(), indices, counted, context))


def _drawn(examples: Rolls, indices: Array, counted: CountingModel, context: ContextFunction) -> rolls.Roll:
    """Style transfer by counting: every key drawn on its own, frame by frame."""
    now, style = examples.cells(indices)[:, 1:], examples.table["style"][indices]
    usual = np.array([voicing.voices for voicing in examples.voicings])[style, None]
    voices = np.where(rolls.voices(now) > 0, usual, 0)
    random = np.random.default_rng(int(indices[0]))
    drawn = np.zeros_like(now)
    before = drawn[:, :1]
    for frame in range(now.shape[1]):
        here = slice(frame, frame + 1)
        logits = counted.logits(context(style, before, now[:, here], voices[:, here]))
        sounding = logits > random.logistic(size=logits.shape)
        drawn[:, here] = np.where(sounding, np.where(before > 0, rolls.SOUNDING, rolls.STRUCK), 0)
        before = drawn[:, here]
    return drawn
