"""BLEU and chrF with bootstrap intervals, exact matches, and placeholders that are kept."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipelines.contract import Evaluation, Metric
from pipelines.sequence_to_sequence.data import Part
from pipelines.tasks.translation import placeholders
from pipelines.tasks.translation.records import Translations

METRICS = {
    metric.name: metric
    for metric in (
        Metric("chrf", "chrF", lower_is_better=False),
        Metric("chrf_margin", "chrF ± (95 %)"),
        Metric("bleu", "BLEU", lower_is_better=False),
        Metric("bleu_margin", "BLEU ± (95 %)"),
        Metric("exact_match", "exact match", lower_is_better=False),
        Metric("placeholders_kept", "placeholders kept", lower_is_better=False),
        Metric("chrf_longer", "chrF, longer sources", lower_is_better=False),
        Metric("chrf_greedy", "chrF, greedy", lower_is_better=False),
        Metric("placeholders_kept_greedy", "placeholders kept, greedy", lower_is_better=False),
        Metric("nll_per_token", "nats per sub-word"),
    )
}
"""Margins are half the width of the interval under resampling of the pairs; greedy search is free to lose placeholders."""
RESAMPLES = 1000
"""Of the bootstrap (Koehn 2004); sacrebleu fixes its seed."""
SHOWN = 12
"""Mistakes that are kept."""


def score(texts: Part, written: Sequence[str]) -> Evaluation:
    """Score translations; the last `texts.longer` pairs are longer than any in training.

    The losses are 1 − chrF / 100 of each usual pair.
    """
    from sacrebleu.metrics import BLEU, CHRF

    chrf, bleu = CHRF(), BLEU()
    each = np.array(
        [chrf.sentence_score(ours, [theirs]).score for ours, theirs in zip(written, texts.targets, strict=True)]
    )
    exact = np.array([ours == theirs for ours, theirs in zip(written, texts.targets, strict=True)])
    usual = texts.usual
    metrics = {
        "exact_match": float(exact[usual].mean()),
        "placeholders_kept": kept(texts.sources[usual], written[usual]),
    }
    for name, metric in (("chrf", chrf), ("bleu", bleu)):
        metrics |= _with_interval(name, metric, written[usual], texts.targets[usual])
    if texts.longer:
        metrics["chrf_longer"] = corpus_chrf(written[usual.stop :], texts.targets[usual.stop :])
    mistakes = [(texts.sources[row], written[row], texts.targets[row]) for row in np.flatnonzero(~exact)[:SHOWN]]
    lengths = np.array([len(source.split()) for source in texts.sources])
    signatures = {"chrF": str(chrf.get_signature()), "BLEU": str(bleu.get_signature())}
    record = Translations(lengths, each, exact, metrics["chrf"], metrics["chrf_margin"], mistakes, signatures)
    return Evaluation(metrics, 1 - each[usual] / 100, record=record)


def corpus_chrf(written: Sequence[str], references: Sequence[str]) -> float:
    """chrF of all pairs together, from 0 to 100 (Popović 2015)."""
    from sacrebleu.metrics import CHRF

    return float(CHRF().corpus_score(list(written), [list(references)]).score)


def _with_interval(name: str, metric: Any, written: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """The score of all pairs, and half the width of its 95 % interval under resampling of the pairs."""
    scored = metric.corpus_score(list(written), [list(references)], n_bootstrap=RESAMPLES)
    return {name: float(scored.score), f"{name}_margin": float(scored._ci)}


def kept(sources: Sequence[str], written: Sequence[str]) -> float:
    """Placeholders that source and translation share, as a share of those that either has; 1 where there are none."""
    counts = np.array([placeholders.kept(source, ours) for source, ours in zip(sources, written, strict=True)])
    both, either = counts.sum(0)
    return float(both / either) if either else 1.0
