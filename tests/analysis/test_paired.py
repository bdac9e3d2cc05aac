"""Paired tests on synthetic losses whose truth is known. `benchmarks/false_alarms.py` is the long version."""

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import false_alarms
from pipelines.analysis import paired

Random = np.random.Generator


def test_compare_distinguishes_a_clear_difference_from_chance(random: Random) -> None:
    others = random.exponential(size=400)
    better = paired.compare(others - 0.2 + 0.1 * random.normal(size=400), others, lags=5)
    alike = paired.compare(others + random.normal(size=400), others, lags=5)
    assert better["high"] < 0
    assert better["p"] < 1e-4
    assert better["effect"] == pytest.approx(-2, abs=0.3)
    assert alike["low"] < 0 < alike["high"]


def test_compare_of_independent_items_is_the_paired_t_test(random: Random) -> None:
    from scipy import stats

    one, other = random.exponential(size=(2, 50))
    expected = stats.ttest_rel(one, other)
    found = paired.compare(one, other)
    low, high = expected.confidence_interval()
    assert found["p"] == pytest.approx(expected.pvalue)
    assert (found["low"], found["high"]) == pytest.approx((low / other.mean(), high / other.mean()))


def test_compare_of_one_item_a_cluster_is_the_paired_t_test(random: Random) -> None:
    one, other = random.exponential(size=(2, 50))
    clustered = paired.compare(one, other, clusters=np.arange(50))
    assert clustered["p"] == pytest.approx(paired.compare(one, other)["p"])


def test_compare_widens_the_interval_with_overlapping_horizons(random: Random) -> None:
    correlated = np.convolve(random.normal(size=500), np.ones(12), "valid") / 12
    zero = np.full(len(correlated), 1.0)
    narrow, wide = (paired.compare(zero + correlated, zero, lags) for lags in (0, 12))
    assert wide["high"] - wide["low"] > 1.5 * (narrow["high"] - narrow["low"])


def test_compare_widens_the_interval_with_the_spread_over_seeds(random: Random) -> None:
    items = random.normal(1, 0.1, (3, 300))
    steady = paired.compare(items, np.ones(300))
    unsteady = paired.compare(items + np.array([[-0.1], [0], [0.1]]), np.ones(300))
    assert unsteady["relative"] == pytest.approx(steady["relative"])
    assert unsteady["high"] - unsteady["low"] > 5 * (steady["high"] - steady["low"])


def test_compare_gives_no_p_value_without_any_spread_over_items() -> None:
    assert np.isnan(paired.compare(np.ones(9), np.ones(9), lags=1)["p"])
    assert np.isnan(paired.compare(np.ones(1), np.zeros(1))["p"])


@pytest.mark.parametrize("scale", [1e-9, 1, 1e9])
def test_compare_does_not_depend_on_the_unit_of_the_losses(random: Random, scale: float) -> None:
    one, other = random.exponential(size=(2, 50))
    assert paired.compare(scale * one, scale * other) == pytest.approx(paired.compare(one, other))


def test_compare_says_nothing_of_a_single_cluster(random: Random) -> None:
    assert np.isnan(paired.compare(random.normal(size=9), np.ones(9), clusters=np.zeros(9, np.int64))["p"])


def test_compare_relative_to_a_perfect_method_is_infinite() -> None:
    assert paired.compare(np.array([0.1, 0.2, 0.3, 0.1]), np.zeros(4), lags=1)["relative"] == np.inf


def test_compare_copes_with_two_items_in_order() -> None:
    assert 0 <= paired.compare(np.array([0.1, 0.2]), np.zeros(2), lags=12)["p"] <= 1


def test_holm_corrects_for_the_number_of_tests() -> None:
    tests = {"a": {"p": 0.01}, "b": {"p": 0.04}, "c": {"p": 0.03}, "d": {"p": float("nan")}}
    paired.holm(tests)
    assert [test["p_holm"] for test in tests.values()][:3] == pytest.approx([0.03, 0.06, 0.06])
    assert np.isnan(tests["d"]["p_holm"])


@pytest.mark.parametrize("case", false_alarms.CASES, ids=lambda case: case.name)
def test_compare_raises_false_alarms_at_the_stated_rate(case: false_alarms.Case) -> None:
    """At most 5 % within three standard errors of the simulation, with one more percentage point for short, strongly dependent series."""
    repetitions = 600
    allowed = 0.05 + case.excess + 3 * (0.05 * 0.95 / repetitions) ** 0.5
    assert false_alarms.rate(case, repetitions) <= allowed


@pytest.mark.parametrize("case", false_alarms.CASES, ids=lambda case: case.name)
def test_compare_finds_a_real_difference(case: false_alarms.Case) -> None:
    assert false_alarms.rate(case, 60, standard_errors=6) > 0.5


def test_newey_west_with_few_lags_would_raise_false_alarms(random: Random) -> None:
    """Why it is not used: the losses of the tests above are hard enough to show it."""
    import statsmodels.api as sm

    case = next(case for case in false_alarms.CASES if case.name == "autocorrelated 0.7")

    def p(difference: NDArray[np.float64]) -> float:
        fitted = sm.OLS(difference, np.ones(len(difference))).fit(cov_type="HAC", cov_kwds={"maxlags": case.lags})
        return float(fitted.pvalues[0])

    drawn = (case.draw(random) for _ in range(300))
    alarms = [p(losses.mean(0) - others.mean(0)) < 0.05 for losses, others, _ in drawn]
    assert np.mean(alarms) > 0.15
