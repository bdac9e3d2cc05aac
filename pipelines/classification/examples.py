"""Which test examples of a classifier are shown."""

import numpy as np

from pipelines.contract import Array, Floats, Indices


def chosen(probabilities: Floats, labels: Array, count: int) -> Indices:
    """`count` rows of `probabilities` (examples, classes): half of them right, evenly spread, then the most confident mistakes; the others
    fill up where there are too few of one."""
    predicted = probabilities.argmax(1)
    right, wrong = np.flatnonzero(predicted == labels), np.flatnonzero(predicted != labels)
    wrong = wrong[np.argsort(-probabilities[wrong].max(1), kind="stable")]
    mistakes = min(len(wrong), max(count // 2, count - len(right)))
    spread = right[np.unique(np.linspace(0, len(right) - 1, count - mistakes).astype(int))] if len(right) else right
    return np.concatenate([spread, wrong[:mistakes]])
