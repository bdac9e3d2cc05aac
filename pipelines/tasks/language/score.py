"""Bits per character, perplexity and accuracy."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.contract import Evaluation, Floats, Metric
from pipelines.nn.vocabulary import SPECIAL
from pipelines.tasks.language.data import Meta, tokens_of, units

METRICS = {
    metric.name: metric
    for metric in (
        Metric("bits_per_character", "bits per character"),
        Metric("perplexity", "perplexity"),
        Metric("accuracy", "accuracy", lower_is_better=False),
    )
}
OPEN = {"“": "”", "‘": "’", "«": "»", "„": "“", "(": ")", "[": "]", "{": "}"}
"""Quotation marks and brackets whose opening and closing forms differ."""
PLAIN = '"'
"""The quotation mark that both opens and closes."""
LONGEST = 1000
"""Characters after which a quotation that was never closed counts as closed."""


@dataclass(frozen=True)
class Reading:
    """Mean bits of a token within quotation marks and brackets, and outside; None where all are one or the other."""

    bits_inside: float | None
    bits_outside: float | None
    inside_share: float


def score(prepared: Path, meta: Meta, split: str, bits: Floats, hits: NDArray[np.bool_] | None) -> Evaluation:
    """From the bits of every predicted token (windows, window) and whether it was the most likely.

    Windows are in the text's order; there may be fewer than the split has, since streams are all of one length.
    """
    tokens = np.asarray(tokens_of(prepared, meta, split)[1 : bits.size + 1]).reshape(bits.shape)
    lengths = np.array([1] * len(SPECIAL) + [*map(len, meta.text.vocabulary.words[len(SPECIAL) :])])
    per_token = float(lengths[tokens].mean())
    inside = within_quotes(units(tokens.ravel(), meta) if per_token == 1 else [], bits.size).reshape(bits.shape)
    per_window = bits.mean(1) / per_token
    metrics = {
        "bits_per_character": float(per_window.mean()),
        "perplexity": float(2 ** bits.mean()),
    }
    if hits is not None:
        metrics["accuracy"] = float(hits.mean())
    mixed = inside.any() and not inside.all()
    record = Reading(
        bits_inside=float(bits[inside].mean()) if mixed else None,
        bits_outside=float(bits[~inside].mean()) if mixed else None,
        inside_share=float(inside.mean()),
    )
    return Evaluation(metrics, per_window, record)


def within_quotes(text: Sequence[str], length: int) -> NDArray[np.bool_]:
    """For each of `length` characters whether it is within quotation marks or brackets; none is without a text.

    An opening mark counts as outside, since it is predicted from there; the one that closes as inside. An apostrophe
    closes only an open quotation.
    """
    inside = np.zeros(length, bool)
    closing: list[tuple[str, int]] = []
    for index, character in enumerate(text):
        while closing and index - closing[-1][1] > LONGEST:
            closing.pop()
        inside[index] = bool(closing)
        if closing and character == closing[-1][0] and not _apostrophe(text, index):
            closing.pop()
        elif character in OPEN:
            closing.append((OPEN[character], index))
        elif character == PLAIN:
            closing.append((PLAIN, index))
    return inside


def _apostrophe(text: Sequence[str], index: int) -> bool:
    """Whether the ’ at `index` is between two letters."""
    around = [*text[index - 1 : index], *text[index + 1 : index + 2]]
    return text[index] == "’" and len(around) == 2 and all(map(str.isalpha, around))
