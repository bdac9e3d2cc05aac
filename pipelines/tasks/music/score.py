"""Likelihood of frames and tokens, whether a piece has changed its style and kept its content, and the models that only count."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.baselines import ngrams
from pipelines.baselines.keys import Counted
from pipelines.contract import Meta, Primary, Scores
from pipelines.nn.datasets import Rolls, bits_of, streams
from pipelines.sources import measures, rolls
from pipelines.sources.midi import KEYS
from pipelines.tasks.music import data
from pipelines.tasks.music.data import STREAMS

AVERAGED = ()
MARGINAL, MARKOV = "marginal", "Markov chain"
BATCH = 64
MELODIES = 25
"""What the melody may do in a frame, to a counting model: rest, or one of twelve pitch classes, struck or held."""
LEARNED = 256
"""Examples that a counting model learns from at a time."""

Outputs = Iterable[Any]


def primary(target: str) -> Primary:
    """The negative log-likelihood decides; a network that loses to a Markov chain or an n-gram model is of no use."""
    return Primary("bits_per_token", "Kneser–Ney") if target == "events" else Primary("nll_per_frame", MARKOV)


def evaluate(prepared: Path, meta: Meta, target: str, split: str, outputs: Outputs, params: Any) -> Scores:
    """Score what `model.outputs` gives."""
    examples = data.datasets(prepared, target)[split]
    if target == "events":
        return _tokens(*bits_of(examples, STREAMS, outputs))
    if target == "frames":
        return _frames(examples, meta, outputs)
    carried: list[rolls.Roll] = []

    def logits() -> Iterator[NDArray[np.float32]]:
        for each, cells in outputs:
            carried.extend(cells)
            yield each

    scores = _frames(examples, meta, logits())
    likeness = _likeness(examples, carried, Judge.trained(prepared, meta), meta)
    of_all = {name: scores.metrics[name] for name in ("nll_per_frame", "note_accuracy")}
    return Scores({**of_all, **likeness.metrics}, scores.losses, {**scores.samples, **likeness.samples})


# Tokens


def _tokens(bits: NDArray[Any], hits: NDArray[Any] | None) -> Scores:
    per_window = bits.mean(1)
    metrics = {"bits_per_token": float(per_window.mean()), "perplexity": float(2 ** per_window.mean())}
    if hits is not None:
        metrics["accuracy"] = float(hits.mean())
    return Scores(metrics, per_window)


# Frames


def _frames(examples: Rolls, meta: Meta, outputs: Outputs) -> Scores:
    """Nats a frame, mean over pieces, and over the frames of a style; and note accuracy: hits among all keys that sound or were foreseen.

    As in Bai et al. 2018 the first frame of a piece is not counted: nothing comes before it. Note accuracy: Bay et al. 2009.
    """
    table = examples.table
    per_example, frames, hits, either = [], [], 0, 0
    for start, logits in zip(range(0, len(examples), BATCH), outputs, strict=True):
        indices = np.arange(start, start + len(logits))
        keys = examples.batch(indices)[1]
        counted = keys[..., 0] >= 0
        counted[:, 0] &= (table["begin"] > table["first"])[indices]
        values = logits.astype(np.float64)
        nll = (np.logaddexp(0, values) - np.maximum(keys, 0) * values).sum(-1)
        per_example.append((nll * counted).sum(1))
        frames.append(counted.sum(1))
        sounding, foreseen = keys[counted] > 0, values[counted] > 0
        hits += int((sounding & foreseen).sum())
        either += int((sounding | foreseen).sum())
    nats, count = np.concatenate(per_example), np.concatenate(frames)
    by_style = {}
    for number, style in enumerate(meta["styles"]):
        chosen = table["style"] == number
        by_style[style] = float(nats[chosen].sum() / max(count[chosen].sum(), 1))
    pieces, which = np.unique(table["piece"], return_inverse=True)
    losses = np.bincount(which, nats) / np.maximum(np.bincount(which, count), 1)
    styles = np.zeros(len(pieces), np.int64)
    styles[which] = table["style"]
    return Scores(
        metrics={
            "nll_per_frame": float(losses.mean()),
            **{f"nll_per_frame_{style}": value for style, value in by_style.items()},
            "note_accuracy": hits / max(either, 1),
        },
        losses=losses,
        samples={"pieces": losses, "styles": styles},
    )


# Style transfer


@dataclass(frozen=True)
class Judge:
    """Tells the style of a piece: logistic regression on what can be measured of it, trained apart from every network."""

    whole: Any
    melody: Any
    """The same, of the melody alone."""

    @classmethod
    def trained(cls, prepared: Path, meta: Meta) -> "Judge":
        """A judge that has heard the training pieces."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        heard = [(list(data.rolls_of(prepared, "train", style)), style) for style in meta["styles"]]
        features = np.stack([measures.style_features(roll) for pieces, _ in heard for roll in pieces])
        styles = [style for pieces, style in heard for _ in pieces]
        whole, melody = (make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)) for _ in range(2))
        return cls(whole.fit(features, styles), melody.fit(measures.of_the_melody(features), styles))

    def recognises(self, pieces: list[rolls.Roll], styles: list[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether each piece is taken for a piece of the style given; as a whole, and by its melody alone."""
        features = np.stack([measures.style_features(roll) for roll in pieces])
        wanted = np.array(styles)
        return self.whole.predict(features) == wanted, self.melody.predict(measures.of_the_melody(features)) == wanted


def _likeness(examples: Rolls, carried: list[rolls.Roll], judge: Judge, meta: Meta) -> Scores:
    """How many pieces are taken for pieces of the new style, and how alike they are to what they were, and to unrelated pieces.

    Whole pieces are judged, put together again from their stretches.
    """
    moved, styles, steps = examples.moved(), meta["styles"], meta["steps"]
    lengths, own = (each.lengths(np.arange(len(examples))) for each in (moved, examples))
    pieces = [np.flatnonzero(examples.table["piece"] == piece) for piece in np.unique(examples.table["piece"])]

    def joined(stretch: Callable[[int], rolls.Roll]) -> list[rolls.Roll]:
        return [np.concatenate([stretch(example) for example in piece]) for piece in pieces]

    before = joined(lambda example: moved.cells(np.array([example]))[0, 1 : lengths[example] + 1])
    after = joined(lambda example: carried[example][: lengths[example]])
    unmoved = joined(lambda example: examples.cells(np.array([example]))[0, 1 : own[example] + 1])
    first = [piece[0] for piece in pieces]
    old, new = ([styles[style] for style in each.table["style"][first]] for each in (examples, moved))
    whole, melody = judge.recognises(after, new)
    unchanged, _ = judge.recognises(unmoved, old)
    others = [_other(piece, old) for piece in range(len(old))]
    chroma, rhythm, chroma_unrelated, rhythm_unrelated = (
        np.array([like(before[other], after[piece]) for piece, other in enumerate(places)])
        for places in (range(len(old)), others)
        for like in (lambda one, other: measures.chroma_likeness(one, other, steps), measures.rhythm_likeness)
    )
    return Scores(
        metrics={
            "style_recognised": float(whole.mean()),
            "melody_recognised": float(melody.mean()),
            "chroma_likeness": float(chroma.mean()),
            "rhythm_likeness": float(rhythm.mean()),
        },
        losses=np.zeros(0),
        samples={
            "old": np.array([styles.index(style) for style in old]),
            "recognised": whole,
            "melody": melody,
            "chroma": chroma,
            "rhythm": rhythm,
            "chroma_unrelated": chroma_unrelated,
            "rhythm_unrelated": rhythm_unrelated,
            "judge": np.array(unchanged.mean()),
        },
    )


def _other(piece: int, styles: list[str]) -> int:
    """Another piece of the same style; which, the order decides."""
    same = [place for place, style in enumerate(styles) if style == styles[piece]]
    return same[(same.index(piece) + max(1, len(same) // 2)) % len(same)]


# Baselines


def baselines(prepared: Path, meta: Meta, target: str, params: Any) -> dict[str, Scores]:
    """What counting alone achieves on the test part; all learn from the training part."""
    if target == "events":
        return _count_tokens(prepared, meta, params.evaluation)
    situations = {MARGINAL: _style, MARKOV: _style_and_before} if target == "frames" else {
        "melody": _style_and_melody, MARKOV: _style_melody_and_before
    }  # fmt: skip
    examples = data.datasets(prepared, target)
    found = {}
    for name, situation in situations.items():
        counted = _learned(examples["train"], situation)
        outputs = _outputs(examples["test"], counted, situation)
        found[name] = evaluate(prepared, meta, target, "test", outputs, params)
    return found


def _count_tokens(prepared: Path, meta: Meta, sizes: Any) -> dict[str, Scores]:
    about = meta["targets"]["events"]
    vocabulary = len(about["vocabulary"])
    training = np.asarray(data.tokens_of(prepared, meta, "train")[: sizes.ngram_tokens], np.int64)
    examples = data.datasets(prepared, "events")["test"]
    window = about["lookback"]
    scored_windows = streams(len(examples), STREAMS).size
    tokens = np.asarray(data.tokens_of(prepared, meta, "test")[: scored_windows * window + 1], np.int64)
    model = ngrams.KneserNey(training.tolist(), sizes.ngram_order, sizes.ngram_discount, vocabulary)
    scored = {"unigram": ngrams.unigram(training, tokens, vocabulary), "Kneser–Ney": model.score(tokens.tolist())}
    return {name: _tokens(-values[1:].reshape(-1, window), None) for name, values in scored.items()}


Array = NDArray[np.int64]
Situation = Callable[[Array, rolls.Roll, rolls.Roll, Array], Array]
"""From the style (batch,), the keys before, the piece's own now (batch, frames, 88) and the number of voices (batch, frames) to a number
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


def _learned(examples: Rolls, situation: Situation) -> Counted:
    """From the training part in its own keys, which serves a model better that knows each key only by itself."""
    counted = Counted(2 * MELODIES * rolls.VOICES * examples.styles, KEYS)
    count = len(examples) // examples.parts
    for start in range(0, count, LEARNED):
        indices = np.arange(start, min(start + LEARNED, count))
        cells = examples.cells(indices)
        there = examples.batch(indices)[1][..., 0] >= 0
        before, now = cells[:, :-1], cells[:, 1:]
        of_frames = situation(examples.table["style"][indices], before, now, rolls.voices(now))
        counted.learn(of_frames[there], now[there] > 0)
    return counted


def _outputs(examples: Rolls, counted: Counted, situation: Situation) -> Iterator[Any]:
    """What a network's `model.outputs` would give: logits; and pieces carried over where the melody is known."""
    for start in range(0, len(examples), BATCH):
        indices = np.arange(start, min(start + BATCH, len(examples)))
        cells, style = examples.cells(indices), examples.table["style"][indices]
        before, now = cells[:, :-1], cells[:, 1:]
        logits = counted.logits(situation(style, before, now, rolls.voices(now)))
        yield logits if examples.ahead is None else (logits, _drawn(examples.moved(), indices, counted, situation))


def _drawn(examples: Rolls, indices: Array, counted: Counted, situation: Situation) -> rolls.Roll:
    """Pieces carried over by counting: every key drawn on its own, frame by frame."""
    now, style = examples.cells(indices)[:, 1:], examples.table["style"][indices]
    usual = np.array([manner.voices for manner in examples.manners])[style, None]
    voices = np.where(rolls.voices(now) > 0, usual, 0)
    random = np.random.default_rng(int(indices[0]))
    drawn = np.zeros_like(now)
    before = drawn[:, :1]
    for frame in range(now.shape[1]):
        here = slice(frame, frame + 1)
        logits = counted.logits(situation(style, before, now[:, here], voices[:, here]))
        sounding = logits > random.logistic(size=logits.shape)
        drawn[:, here] = np.where(sounding, np.where(before > 0, rolls.SOUNDING, rolls.STRUCK), 0)
        before = drawn[:, here]
    return drawn
