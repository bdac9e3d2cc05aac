import numpy as np
import pytest

from pipelines.classification.figures import f1_by_class
from pipelines.classification.score import METRICS, calibration, expected_calibration_error, score

CLASSES = ["a", "b", "c"]
ITEMS = ["one", "two", "three", "four"]


def test_score_of_perfect_predictions_is_perfect() -> None:
    labels = np.array([0, 1, 2, 1])
    scored = score(labels, np.eye(3)[labels], CLASSES, ITEMS)
    assert scored.metrics == {"accuracy": 1, "macro_f1": 1, "log_loss": 0, "expected_calibration_error": 0}
    assert scored.metrics.keys() == METRICS.keys()
    assert scored.record.mistakes == []
    assert scored.record.confusion.tolist() == [[1, 0, 0], [0, 2, 0], [0, 0, 1]]


def test_score_losses_are_the_log_loss_of_each_item() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.8, 0.2, 0.0], [0.1, 0.2, 0.7], [1.0, 0.0, 0.0]])
    scored = score(np.array([0, 1, 2, 1]), probabilities, CLASSES, ITEMS)
    np.testing.assert_allclose(scored.losses[:3], -np.log([0.5, 0.2, 0.7]))
    assert np.isfinite(scored.losses[3])
    assert scored.metrics["log_loss"] == pytest.approx(scored.losses.mean())
    assert scored.metrics["accuracy"] == 0.5


def test_score_keeps_the_most_confident_mistakes_first() -> None:
    probabilities = np.array([[0.6, 0.4, 0.0], [0.8, 0.2, 0.0], [0.1, 0.2, 0.7], [0.9, 0.1, 0.0]])
    mistakes = score(np.array([1, 1, 2, 1]), probabilities, CLASSES, ["one", "two", "three", "x" * 900]).record.mistakes
    assert [mistake.confidence for mistake in mistakes] == [0.9, 0.8, 0.6]
    assert (mistakes[1].item, mistakes[1].label, mistakes[1].predicted) == ("two", "b", "a")
    assert mistakes[1].probability == 0.2
    assert len(mistakes[0].item) < 410


def test_f1_by_class_agrees_with_the_mean_that_is_reported() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 200)
    probabilities = rng.dirichlet(np.ones(3), 200)
    scored = score(labels, probabilities, CLASSES, [""] * 200)
    precision, recall, f1 = f1_by_class(scored.record)
    assert f1.mean() == pytest.approx(scored.metrics["macro_f1"])
    np.testing.assert_allclose(f1, 2 * precision * recall / (precision + recall))


def test_calibration_error_is_zero_where_shares_are_the_probabilities() -> None:
    confidence = np.array([0.75] * 4 + [1.0] * 3)
    right = np.array([True, True, True, False, True, True, True])
    curve = calibration(confidence, right)
    assert curve.counts.tolist() == [0] * 7 + [4, 0, 3]
    assert expected_calibration_error(curve) == pytest.approx(0)
    assert expected_calibration_error(calibration(confidence, ~right)) == pytest.approx((4 * 0.5 + 3) / 7)
