"""Scores of predicted probabilities of one of several classes."""

from collections.abc import Sequence

import numpy as np

from pipelines.classification.records import Calibration, Classified, Mistake
from pipelines.contract import Array, Evaluation, Floats, Metric
from pipelines.printing import shortened

METRICS = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "accuracy", lower_is_better=False),
        Metric("macro_f1", "macro F1", lower_is_better=False),
        Metric("log_loss", "log loss"),
        Metric("expected_calibration_error", "calibration error"),
    )
}
BINS = 10
"""Of the calibration curve, and of the calibration error."""
SHOWN = 12
"""Mistakes that are kept."""
LONGEST = 400
"""Characters of an item that are kept with them."""
LEAST = 1e-15
"""A smaller probability counts as this one, so that no loss is infinite."""


def score(labels: Array, probabilities: Floats, classes: Sequence[str], items: Sequence[str]) -> Evaluation:
    """Score `probabilities` (items, classes) of the true `labels` (items,).

    Macro F1 is the mean over the classes that the items have, or that are predicted. The losses are the log loss of each item.
    """
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

    rows = np.arange(len(labels))
    predicted = probabilities.argmax(1)
    losses = -np.log(np.maximum(probabilities[rows, labels], LEAST))
    curve = calibration(probabilities.max(1), predicted == labels)
    metrics = {
        "accuracy": float(accuracy_score(labels, predicted)),
        "macro_f1": float(f1_score(labels, predicted, average="macro", zero_division=0)),
        "log_loss": float(losses.mean()),
        "expected_calibration_error": expected_calibration_error(curve),
    }
    wrong = np.flatnonzero(predicted != labels)
    worst = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:SHOWN]
    mistakes = [
        Mistake(
            shortened(items[row], LONGEST),
            classes[labels[row]],
            classes[predicted[row]],
            float(probabilities[row, predicted[row]]),
            float(probabilities[row, labels[row]]),
        )
        for row in worst
    ]
    confusion = confusion_matrix(labels, predicted, labels=range(len(classes)))
    return Evaluation(metrics, losses, Classified(list(classes), confusion, curve, mistakes))


def calibration(confidence: Floats, right: Array) -> Calibration:
    """How often the likeliest class is right, by its probability."""
    index = np.minimum((confidence * BINS).astype(int), BINS - 1)
    counts = np.bincount(index, minlength=BINS)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(index, weights=values, minlength=BINS) / counts for values in (confidence, right)]
    return Calibration(counts, *means)


def expected_calibration_error(curve: Calibration) -> float:
    """Mean distance of confidence and accuracy, each bin weighted by its items (Guo et al. 2017)."""
    filled = curve.counts > 0
    distances = np.abs(curve.confidence - curve.accuracy)[filled]
    return float(np.average(distances, weights=curve.counts[filled]))
