"""Bits per character and what goes with them, and the models that only count."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.baselines import ngrams
from pipelines.contract import Meta, Primary, Scores
from pipelines.nn.datasets import bits_of, streams
from pipelines.tasks.language import data
from pipelines.tasks.language.data import STREAMS, decode, tokens_of

AVERAGED = ()
OPEN = {"“": "”", "‘": "’", "«": "»", "„": "“", "(": ")", "[": "]", "{": "}"}
"""Quotation marks and brackets that say by themselves whether they open or close."""
PLAIN = '"'
"""One that does not."""
LONGEST = 1000
"""Characters after which a quotation that was never closed counts as closed."""

Array = NDArray[np.float64]


def primary(target: str) -> Primary:
    """Bits per character decide; a network that loses to an n-gram model is of no use."""
    return Primary("bits_per_character", "Kneser–Ney")


def evaluate(
    prepared: Path, meta: Meta, target: str, split: str, outputs: Iterable[NDArray[np.float32]], params: Any
) -> Scores:
    """Score the batches of logits (streams, window, vocabulary) that `model.outputs` gives, each token as it came."""
    bits, hits = bits_of(data.datasets(prepared, target)[split], STREAMS, outputs)
    return _score(prepared, meta, split, bits, hits)


def baselines(prepared: Path, meta: Meta, target: str, params: Any) -> dict[str, Scores]:
    """How often a character comes up; and after which others (interpolated Kneser–Ney). They learn from the training part."""
    about = meta["targets"][target]
    sizes, vocabulary = params.evaluation, len(about["vocabulary"])
    training = np.asarray(tokens_of(prepared, meta, "train")[-sizes.ngram_tokens :])
    examples = data.datasets(prepared, target)["test"]
    scored_windows = streams(len(examples), STREAMS).size
    tokens = np.asarray(examples.tokens[: scored_windows * examples.window + 1])
    order, discount = sizes.ngram_order, sizes.ngram_discount
    scored = {
        "unigram": ngrams.unigram(training, tokens, vocabulary),
        "Kneser–Ney": ngrams.KneserNey(training.tolist(), order, discount, vocabulary).score(tokens.tolist()),
    }
    return {
        name: _score(prepared, meta, "test", -values[1:].reshape(-1, examples.window), None)
        for name, values in scored.items()
    }


def _score(prepared: Path, meta: Meta, split: str, bits: Array, hits: NDArray[np.bool_] | None) -> Scores:
    """From the bits of every predicted token (windows, window) and whether it was the likeliest.

    Windows are in the text's order; there may be fewer than the split has, since streams are all of one length.
    """
    about = meta["targets"]["text"]
    tokens = np.asarray(tokens_of(prepared, meta, split)[1 : bits.size + 1]).reshape(bits.shape)
    lengths = np.array([1, 1, *map(len, about["vocabulary"][2:])])
    per_token = float(lengths[tokens].mean())
    inside = within_quotes(decode(tokens.ravel(), meta) if per_token == 1 else "", bits.size).reshape(bits.shape)
    per_window = bits.mean(1) / per_token
    metrics = {
        "bits_per_character": float(per_window.mean()),
        "perplexity": float(2 ** bits.mean()),
    }
    if hits is not None:
        metrics["accuracy"] = float(hits.mean())
    samples: dict[str, NDArray[Any]] = {"windows": per_window}
    if inside.any() and not inside.all():
        samples["inside"], samples["outside"] = (np.array(bits[part].mean()) for part in (inside, ~inside))
        samples["inside_share"] = np.array(inside.mean())
    return Scores(metrics=metrics, losses=per_window, samples=samples)


def within_quotes(text: str, length: int) -> NDArray[np.bool_]:
    """For each of `length` characters whether it stands within quotation marks or brackets; none does if there is no text.

    A mark that opens counts as outside, since it has to be foreseen from there; the one that closes as inside. An apostrophe
    closes only what was opened.
    """
    inside = np.zeros(length, bool)
    closing: list[tuple[str, int]] = []
    for place, character in enumerate(text):
        while closing and place - closing[-1][1] > LONGEST:
            closing.pop()
        inside[place] = bool(closing)
        if closing and character == closing[-1][0] and not _apostrophe(text, place):
            closing.pop()
        elif character in OPEN:
            closing.append((OPEN[character], place))
        elif character == PLAIN:
            closing.append((PLAIN, place))
    return inside


def _apostrophe(text: str, place: int) -> bool:
    """Whether the ’ at `place` stands between two letters."""
    around = text[place - 1 : place] + text[place + 1 : place + 2]
    return text[place] == "’" and len(around) == 2 and around.isalpha()
