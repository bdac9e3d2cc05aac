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


def test_ratio_of_zeros_is_zero() -> None:
    assert statistics.ratio(0.0, 0.0) == 0
