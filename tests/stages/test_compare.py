"""The verdict claims no more than the statistics support."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.analysis import comparison
from pipelines.contract import Metric, Primary
from pipelines.stages.compare import in_words

ITEMS = 200
PARAMETERS = {"small": 100, "large": 1000}


def verdict(models: dict[str, NDArray[np.float64]], baseline: NDArray[np.float64]) -> dict[str, Any]:
    """The verdict on models with these losses (seeds, items), whose metric is the mean loss."""
    metric = Metric("mae", "MAE")
    decision, _ = comparison.decide(
        {name: losses.mean(1).tolist() for name, losses in models.items()},
        models,
        {"naive": float(baseline.mean())},
        {"naive": baseline},
        Primary(metric, "naive"),
        PARAMETERS,
    )
    return {**in_words(decision, metric, PARAMETERS), "outcome": decision.outcome, "best": decision.best}


@pytest.fixture
def errors(random: np.random.Generator) -> NDArray[np.float64]:
    """Losses of two models with three seeds and of a baseline, all from the same distribution."""
    return np.abs(random.normal(1, 0.3, (3, 3, ITEMS)))


def test_compare_does_not_declare_an_insignificant_win(errors: NDArray[np.float64]) -> None:
    small, large, baseline = errors
    small = small + (baseline[0].mean() * 0.98 - small.mean())
    said = verdict({"small": small, "large": large + 1}, baseline[0])
    assert said["outcome"] == "even"
    assert "is 2.0% better than the best baseline, naive, which is not statistically significant" in said["short"]
    assert said["advice"].startswith("Use naive, which is as good as far as these data can tell")


def test_compare_declares_a_win_for_a_consistently_better_network(errors: NDArray[np.float64]) -> None:
    small, large, baseline = errors
    said = verdict({"small": small, "large": large + 1}, baseline[0] + 0.5)
    assert said["outcome"] == "won"
    assert "beats the best baseline, naive" in said["short"]
    assert "significant over the test items (p < 0.0001)" in " ".join(said["sentences"])
    assert "Every other model is significantly worse" in " ".join(said["sentences"])
    assert said["advice"] == "Use small."


def test_compare_reports_a_loss_to_the_baseline(errors: NDArray[np.float64]) -> None:
    small, large, baseline = errors
    said = verdict({"small": small + 0.5, "large": large + 1}, baseline[0])
    assert said["outcome"] == "lost"
    assert "loses to the best baseline, naive, by" in said["short"]
    assert said["advice"].startswith("Use naive. If it must be a recurrent network: small")


def test_compare_recommends_the_smallest_model_within_a_standard_error(errors: NDArray[np.float64]) -> None:
    small, large, baseline = errors
    large = large + (small.mean() - 0.005 - large.mean())
    said = verdict({"small": small, "large": large}, baseline[0] + 0.5)
    assert said["best"] == "large"
    assert said["advice"] == "Use small, with 100 parameters the smallest within a standard error of the best."


def test_compare_does_not_recommend_a_smaller_model_with_a_bad_seed(
    errors: NDArray[np.float64],
) -> None:
    small, large, baseline = errors
    small = small + np.array([[0.0], [0.1], [0.5]])
    said = verdict({"small": small, "large": large}, baseline[0] + 0.5)
    assert "Not significantly different from it: small." in said["sentences"]
    assert said["advice"] == "Use large."


def test_decide_follows_the_direction_of_the_metric(errors: NDArray[np.float64]) -> None:
    """Accuracy is better when higher; the loss per item that decides is better when lower."""
    small, large, baseline = errors
    metric = Metric("accuracy", "accuracy", lower_is_better=False)
    decision, _ = comparison.decide(
        {"small": [0.8, 0.82, 0.81], "large": [0.9, 0.91, 0.92]},
        {"small": small, "large": large - 0.5},
        {"majority": 0.7, "naive Bayes": 0.85},
        {"majority": baseline[0] + 1, "naive Bayes": baseline[0]},
        Primary(metric, "majority", lags=0),
        PARAMETERS,
    )
    assert (decision.best, decision.baseline, decision.outcome) == ("large", "naive Bayes", "won")
    assert decision.gap == pytest.approx((0.85 - 0.91) / 0.85)
    assert "beats the best baseline, naive Bayes, by 7.1%" in in_words(decision, metric, PARAMETERS)["short"]


def test_compare_claims_no_win_where_losses_say_the_contrary(errors: NDArray[np.float64]) -> None:
    """A network that is more often right, but far too sure where it is wrong."""
    small, large, baseline = errors
    metric = Metric("accuracy", "accuracy", lower_is_better=False)
    decision, _ = comparison.decide(
        {"small": [0.8, 0.82, 0.81], "large": [0.9, 0.91, 0.92]},
        {"small": small, "large": large + 0.5},
        {"naive Bayes": 0.85},
        {"naive Bayes": baseline[0]},
        Primary(metric, "naive Bayes", lags=0),
        PARAMETERS,
    )
    said = in_words(decision, metric, PARAMETERS)
    assert decision.outcome == "even"
    assert "which is not statistically significant" in said["short"]
    assert "By the loss of each test item, which the test compares, it is the other way round" in said["sentences"][1]


def test_decide_gives_no_ratio_to_a_baseline_that_scores_zero(errors: NDArray[np.float64]) -> None:
    small, large, baseline = errors
    metric = Metric("exact_match", "exact match", lower_is_better=False)
    decision, _ = comparison.decide(
        {"small": [0.8, 0.82, 0.81], "large": [0.9, 0.91, 0.92]},
        {"small": small, "large": large - 0.5},
        {"copy": 0.0},
        {"copy": baseline[0] + 1},
        Primary(metric, "copy", lags=0),
        PARAMETERS,
    )
    assert decision.outcome == "won"
    assert "beats the best baseline, copy (exact match 0)" in in_words(decision, metric, PARAMETERS)["sentences"][0]


def test_decide_takes_the_best_baseline_as_reference_where_that_was_left_out(errors: NDArray[np.float64]) -> None:
    small, _, baseline = errors
    metric = Metric("mae", "MAE")
    decision, tested = comparison.decide(
        {"small": small.mean(1).tolist()},
        {"small": small},
        {"naive": float(baseline[0].mean())},
        {"naive": baseline[0]},
        Primary(metric, "ARIMA"),
        PARAMETERS,
    )
    assert decision.reference == "naive"
    assert tested["small"]["against_reference"] == tested["small"]["against_best_baseline"]
    assert "ARIMA" not in " ".join(in_words(decision, metric, PARAMETERS)["sentences"])


def test_compare_claims_nothing_over_seeds_of_one_seed(errors: NDArray[np.float64]) -> None:
    small, large, baseline = errors
    said = " ".join(verdict({"small": small[:1], "large": large[:1] + 1}, baseline[0])["sentences"])
    assert "significantly worse over the test items; with one seed, another may reverse that" in said
    assert "over seeds" not in said


def test_compare_says_nothing_of_other_models_where_there_are_none(errors: NDArray[np.float64]) -> None:
    metric = Metric("mae", "MAE")
    losses = {"small": errors[0]}
    decision, _ = comparison.decide(
        {"small": errors[0].mean(1).tolist()},
        losses,
        {"naive": 1.0},
        {"naive": errors[2][0]},
        Primary(metric, "naive"),
        {"small": 100},
    )
    assert "other model" not in " ".join(in_words(decision, metric, {"small": 100})["sentences"])


def test_decide_compares_models_with_each_other_by_their_own_losses(errors: NDArray[np.float64]) -> None:
    """A translation memory has no likelihood: networks are compared with it by another loss than with each other."""
    small, large, baseline = errors
    own = {"small": small, "large": small + 1}
    _, tested = comparison.decide(
        {"small": [1.0, 1.1, 0.9], "large": [1.0, 1.1, 0.9]},
        {"small": small, "large": large},
        {"naive": 2.0},
        {"naive": baseline[0]},
        Primary(Metric("mae", "MAE"), "naive"),
        PARAMETERS,
        own,
    )
    expected = 1 / small.mean()
    assert tested["large"]["against_models"]["small"]["items"]["relative"] == pytest.approx(expected)
    assert tested["large"]["against_best_baseline"]["relative"] == pytest.approx(large.mean() / baseline[0].mean() - 1)
