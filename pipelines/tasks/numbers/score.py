"""Exact matches and token errors, by length too."""

from collections.abc import Sequence

import numpy as np
from nltk.metrics.distance import edit_distance

from pipelines.contract import Evaluation, Metric
from pipelines.tasks.numbers.records import Transcripts

METRICS = {
    metric.name: metric
    for metric in (
        Metric("exact_match", "exact match", lower_is_better=False),
        Metric("token_error_rate", "token error rate"),
        Metric("exact_match_longer", "exact match, longer sources", lower_is_better=False),
        Metric("token_error_rate_longer", "token error rate, longer sources"),
        Metric("exact_match_greedy", "exact match, greedy", lower_is_better=False),
        Metric("nll_per_token", "nats per token"),
    )
}


SHOWN = 12
"""Mistakes that are kept."""


def score(
    sources: Sequence[Sequence[str]],
    written: Sequence[Sequence[str]],
    references: Sequence[Sequence[str]],
    longer: int,
) -> Evaluation:
    """Score the generated targets, word by word; the last `longer` pairs are longer than any in training.

    The losses are the edits (Levenshtein 1966) of each pair by the length of its reference, of the usual pairs alone.
    """
    edits = np.array(
        [edit_distance(list(ours), list(theirs)) for ours, theirs in zip(written, references, strict=True)], float
    )
    size = np.array([len(reference) for reference in references], float)
    exact = edits == 0
    usual = slice(0, len(references) - longer)
    metrics = {
        "exact_match": float(exact[usual].mean()),
        "token_error_rate": float(edits[usual].sum() / size[usual].sum()),
    }
    if longer:
        beyond = slice(len(references) - longer, None)
        metrics |= {
            "exact_match_longer": float(exact[beyond].mean()),
            "token_error_rate_longer": float(edits[beyond].sum() / size[beyond].sum()),
        }
    wrong = np.flatnonzero(~exact)[:SHOWN]
    mistakes = [(" ".join(sources[row]), " ".join(written[row]), " ".join(references[row])) for row in wrong]
    record = Transcripts(np.array([len(source) for source in sources]), exact, edits, mistakes)
    return Evaluation(metrics, (edits / np.maximum(size, 1))[usual], record)
