import numpy as np
import pytest

from pipelines.analysis import statistics


def test_summary_interval_is_that_of_students_t() -> None:
    result = statistics.summary([1.0, 2.0, 3.0])
    assert (result["mean"], result["std"]) == (2, 1)
    assert result["high"] - result["mean"] == pytest.approx(4.302653 / 3**0.5)


def test_summary_of_one_seed_has_no_spread() -> None:
    assert np.isnan(statistics.summary([1.0])["std"])


def test_summarised_keeps_the_level_of_a_single_target() -> None:
    assert statistics.summarised({"only": {"mae": [1.0, 2.0]}})["only"]["mae"]["mean"] == 1.5


def test_averaged_is_the_mean_over_targets_per_seed() -> None:
    values = {"a": {"mase": [1.0, 3.0], "mae": [1.0, 1.0]}, "b": {"mase": [3.0, 1.0]}}
    result = statistics.averaged(values, ("mase",))
    assert (result["mase"]["mean"], result["mase"]["std"]) == (2, 0)
    assert list(result) == ["mase"]


def test_paired_distinguishes_a_clear_difference_from_chance(random: np.random.Generator) -> None:
    others = random.exponential(size=400)
    better = statistics.paired(others - 0.2 + 0.1 * random.normal(size=400), others, lags=5)
    alike = statistics.paired(others + random.normal(size=400), others, lags=5)
    assert better["high"] < 0
    assert better["p"] < 1e-6
    assert alike["low"] < 0 < alike["high"]


def test_paired_interval_widens_with_overlapping_horizons(random: np.random.Generator) -> None:
    correlated = np.convolve(random.normal(size=500), np.ones(12), "valid") / 12
    zero = np.full(len(correlated), 1.0)
    narrow, wide = (statistics.paired(zero + correlated, zero, lags) for lags in (0, 12))
    assert wide["high"] - wide["low"] > 1.5 * (narrow["high"] - narrow["low"])


def test_paired_gives_no_p_value_for_equal_losses() -> None:
    assert np.isnan(statistics.paired(np.ones(9), np.ones(9), lags=1)["p"])


def test_paired_difference_relative_to_a_perfect_baseline_is_infinite() -> None:
    compared = statistics.paired(np.array([0.1, 0.2, 0.3, 0.1]), np.zeros(4), lags=1)
    assert compared["relative"] == np.inf


def test_ratio_of_zeros_is_zero() -> None:
    assert statistics.ratio(0.0, 0.0) == 0
