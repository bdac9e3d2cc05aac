"""The decision and its words claim no more than the statistics support."""

from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines import artifacts
from pipelines.analysis import comparison
from pipelines.analysis.comparison import Decision, Scores
from pipelines.contract import Metric, Primary
from pipelines.report.texts import environment

Losses = NDArray[np.float64]
ITEMS = 200
PARAMETERS = {"small": 100, "large": 1000}
MAE = Metric("mae", "MAE")
ACCURACY = Metric("accuracy", "accuracy", lower_is_better=False)


def words(decision: Decision) -> dict[str, str]:
    """What the template says of the decision as it is stored."""
    say = environment().get_template("verdict.html").module
    with TemporaryDirectory() as folder:
        path = Path(folder) / "decision.json"
        artifacts.write_json(path, decision)
        stored = artifacts.read_json(path)
    return {part: " ".join(getattr(say, part)(stored).split()) for part in ("short", "sentences", "advice")}


def decide(models: dict[str, Losses], baseline: Losses, **changes: Any) -> Decision:
    """The decision on models with these losses (seeds, items), whose metric is the mean loss."""
    scores = Scores(
        {name: losses.mean(1).tolist() for name, losses in models.items()},
        models,
        {"naive": float(baseline.mean())},
        {"naive": baseline},
        PARAMETERS,
    )
    return comparison.decide(replace(scores, **changes), Primary(MAE, "naive", lags=0))[0]


def decide_by_accuracy(
    models: dict[str, Losses], baselines: dict[str, tuple[float, Losses]], reference: str
) -> Decision:
    """The decision by an accuracy of 0.81 of `small` and 0.91 of `large`, tested by these losses."""
    scores = Scores(
        {"small": [0.8, 0.82, 0.81], "large": [0.9, 0.91, 0.92]},
        models,
        {name: value for name, (value, _) in baselines.items()},
        {name: losses for name, (_, losses) in baselines.items()},
        PARAMETERS,
    )
    return comparison.decide(scores, Primary(ACCURACY, reference, lags=0))[0]


@pytest.fixture
def errors(random: np.random.Generator) -> Losses:
    """Losses of two models with three seeds and of a baseline, all from the same distribution."""
    return np.abs(random.normal(1, 0.3, (3, 3, ITEMS)))


def test_decide_does_not_declare_an_insignificant_win(errors: Losses) -> None:
    small, large, baseline = errors
    small = small + (baseline[0].mean() * 0.98 - small.mean())
    decision = decide({"small": small, "large": large + 1}, baseline[0])
    assert (decision.outcome, decision.use, decision.model) == ("even", "naive", "small")
    assert decision.reason == "no significant difference from baseline"
    said = words(decision)
    assert "is 2.0 % better than the best baseline, naive: no significant difference" in said["short"]
    assert said["advice"] == "Use naive: no network is significantly better. If it must be one: small."


def test_decide_declares_a_win_for_a_consistently_better_network(errors: Losses) -> None:
    small, large, baseline = errors
    decision = decide({"small": small, "large": large + 1}, baseline[0] + 0.5)
    assert (decision.outcome, decision.use, decision.reason) == ("won", "small", "best model")
    assert decision.worse == ("large",)
    said = words(decision)
    assert "beats the best baseline, naive, by" in said["short"]
    assert "The difference is significant (p < 0.0001)." in said["sentences"]
    assert "Significantly worse than small: large." in said["sentences"]
    assert said["advice"] == "Use small."


def test_decide_reports_a_loss_to_the_baseline(errors: Losses) -> None:
    small, large, baseline = errors
    decision = decide({"small": small + 0.5, "large": large + 1}, baseline[0])
    assert (decision.outcome, decision.use) == ("lost", "naive")
    assert "loses to the best baseline, naive, by" in words(decision)["short"]
    assert words(decision)["advice"] == "Use naive. If it must be a recurrent network: small."


def test_decide_recommends_the_smallest_model_within_one_standard_error(errors: Losses) -> None:
    small, large, baseline = errors
    large = large + (small.mean() - 0.005 - large.mean())
    decision = decide({"small": small, "large": large}, baseline[0] + 0.5)
    assert (decision.best, decision.use, decision.cheaper) == ("large", "small", {"small": 0.1})
    said = words(decision)
    assert said["advice"] == "Use small, the smallest model within one standard error of the best."
    assert (
        "Not significantly worse than large: small. Smaller among these: small (10.0 % of its parameters)."
        in said["sentences"]
    )


def test_decide_does_not_recommend_a_smaller_model_with_a_bad_seed(errors: Losses) -> None:
    small, large, baseline = errors
    small = small + np.array([[0.0], [0.1], [0.5]])
    decision = decide({"small": small, "large": large}, baseline[0] + 0.5)
    assert decision.alike == ("small",)
    assert decision.use == "large"


def test_decide_asks_both_items_and_seeds_before_it_calls_a_model_worse(errors: Losses) -> None:
    """Over the items alone the difference is beyond doubt; one seed of three has made it."""
    small, other, baseline = errors
    unlucky = small + np.array([[0.0], [0.0], [0.6]])
    assert decide({"small": unlucky, "large": other}, baseline[0] + 0.5).worse == ()
    assert decide({"small": small + 0.2, "large": other}, baseline[0] + 0.5).worse == ("small",)


def test_decide_follows_the_direction_of_the_metric(errors: Losses) -> None:
    """Accuracy is better when higher; the loss per item that is tested is better when lower."""
    small, large, baseline = errors
    baselines = {"majority": (0.7, baseline[0] + 1), "naive Bayes": (0.85, baseline[0])}
    decision = decide_by_accuracy({"small": small, "large": large - 0.5}, baselines, "majority")
    assert (decision.best, decision.baseline, decision.outcome) == ("large", "naive Bayes", "won")
    assert decision.gap == pytest.approx((0.85 - 0.91) / 0.85)
    assert "beats the best baseline, naive Bayes, by 7.1 %" in words(decision)["short"]


def test_decide_claims_no_win_where_losses_say_the_contrary(errors: Losses) -> None:
    """A network that is more often right, but far too sure where it is wrong."""
    small, large, baseline = errors
    baselines = {"naive Bayes": (0.85, baseline[0])}
    decision = decide_by_accuracy({"small": small, "large": large + 0.5}, baselines, "naive Bayes")
    assert (decision.outcome, decision.contradicted) == ("even", True)
    said = words(decision)
    assert "no significant difference" in said["short"]
    assert "By the loss of each test item, which the test compares, it is the other way round" in said["sentences"]


def test_decide_gives_no_ratio_to_a_baseline_that_scores_zero(errors: Losses) -> None:
    small, large, baseline = errors
    decision = decide_by_accuracy({"small": small, "large": large - 0.5}, {"copy": (0.0, baseline[0] + 1)}, "copy")
    assert decision.outcome == "won"
    assert "beats the best baseline, copy (accuracy 0)" in words(decision)["sentences"]


def test_decide_takes_the_best_baseline_as_reference_where_that_was_left_out(errors: Losses) -> None:
    small, _, baseline = errors
    scores = Scores(
        {"small": small.mean(1).tolist()},
        {"small": small},
        {"naive": float(baseline[0].mean())},
        {"naive": baseline[0]},
        PARAMETERS,
    )
    decision, tested = comparison.decide(scores, Primary(MAE, "ARIMA"))
    assert decision.reference == "naive"
    assert tested["small"]["against_reference"] == tested["small"]["against_best_baseline"]
    assert "ARIMA" not in words(decision)["sentences"]


def test_verdict_says_that_one_seed_proves_little(errors: Losses) -> None:
    small, large, baseline = errors
    said = words(decide({"small": small[:1], "large": large[:1] + 1}, baseline[0]))["sentences"]
    assert "There is one seed; another may reverse all of this." in said


def test_verdict_says_nothing_of_other_models_where_there_are_none(errors: Losses) -> None:
    said = words(decide({"small": errors[0]}, errors[2][0]))["sentences"]
    assert "worse than small" not in said
    assert "between" not in said


def test_decide_compares_models_with_each_other_by_their_own_losses(errors: Losses) -> None:
    """A translation memory has no likelihood: networks are compared with it by another loss than with each other."""
    small, large, baseline = errors
    scores = Scores(
        {"small": [1.0, 1.1, 0.9], "large": [1.0, 1.1, 0.9]},
        {"small": small, "large": large},
        {"naive": 2.0},
        {"naive": baseline[0]},
        PARAMETERS,
        {"small": small, "large": small + 1},
    )
    _, tested = comparison.decide(scores, Primary(MAE, "naive", lags=0))
    assert tested["large"]["against_models"]["small"]["relative"] == pytest.approx(1 / small.mean())
    assert tested["large"]["against_best_baseline"]["relative"] == pytest.approx(large.mean() / baseline[0].mean() - 1)


def test_decide_corrects_for_the_number_of_pairs(random: np.random.Generator) -> None:
    models = {name: random.normal(1, 0.3, (3, ITEMS)) for name in "abcd"}
    scores = Scores(
        {name: losses.mean(1).tolist() for name, losses in models.items()},
        models, {"naive": 1.0}, {"naive": np.ones(ITEMS)}, dict.fromkeys(models, 1),
    )  # fmt: skip
    _, tested = comparison.decide(scores, Primary(MAE, "naive", lags=0))
    pairs = [tested[one]["against_models"][other] for one, other in ("ab", "ac", "ad", "bc", "bd", "cd")]
    smallest = min(pairs, key=lambda test: test["p"])
    assert smallest["p_holm"] == pytest.approx(min(1, 6 * smallest["p"]))
    assert tested["b"]["against_models"]["a"]["p_holm"] == tested["a"]["against_models"]["b"]["p_holm"]


def test_decide_allows_for_clusters_where_the_task_names_them(errors: Losses) -> None:
    small, _, baseline = errors
    speakers = np.repeat(np.arange(4), ITEMS // 4)
    shift = np.array([0.3, -0.2, 0.25, -0.1])[speakers]
    alone, clustered = (
        decide({"small": small + 0.06 + shift}, baseline[0], clusters=numbers) for numbers in (None, speakers)
    )
    assert alone.outcome == "lost"
    assert (clustered.outcome, clustered.dependence.clusters) == ("even", 4)
    assert asdict(clustered)["dependence"]["method"] == "clusters"
