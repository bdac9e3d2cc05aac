import numpy as np
import pytest

from pipelines.contract import Floats
from pipelines.tasks.timeseries import choices, transforms
from pipelines.tasks.timeseries.transforms import NONE, Transform
from tests.tasks.timeseries.passengers import PASSENGERS

TRAINING: Floats = np.asarray(PASSENGERS[:101], np.float64)
TIME = np.arange(240)
SEASON: Floats = np.sin(2 * np.pi * TIME / 12)


@pytest.mark.parametrize("transform", [NONE, Transform(0.0, 0.5), Transform(0.3, 0.5), Transform(1.0, 0.5)])
@pytest.mark.parametrize("level", [1.0, 1e8])
def test_transform_inverse_is_exact(transform: Transform, level: float) -> None:
    values = level * (1 + np.random.default_rng(7).random((20, 3)))
    np.testing.assert_allclose(transform.invert(transform.apply(values)), values, rtol=1e-12)


def test_transform_takes_values_that_training_has_not_seen_for_the_floor() -> None:
    transform = Transform(0.0, 2.0)
    values = np.array([-1.0, 0.0, 1.0, 5.0, np.nan])
    np.testing.assert_allclose(transform.invert(transform.apply(values)), [2, 2, 2, 5, np.nan])


def test_transform_inverse_of_any_output_is_finite() -> None:
    for power in (0.0, 0.4, 1.0):
        found = Transform(power, 1.0).invert(np.array([-1e9, -30.0, 0.0, 1e9]))
        assert np.isfinite(found).all()
        assert found.min() >= 1 - 1e-12


def test_transform_is_chosen_where_the_amplitude_grows_with_the_level() -> None:
    assert choices.transform("auto", TRAINING, 12, "x").power == 0
    assert choices.transform("auto", 100 + TIME + 10 * SEASON, 12, "x") == NONE
    square: Floats = (10 + TIME / 20 + 2 * SEASON) ** 2
    assert choices.transform("auto", square, 12, "x").power == pytest.approx(0.5, abs=0.15)


def test_transform_is_not_chosen_for_values_at_or_below_zero() -> None:
    assert choices.transform("auto", TRAINING - 104, 12, "x") == NONE


def test_transform_does_not_depend_on_the_unit() -> None:
    powers = [choices.transform("boxcox", TRAINING * unit, 12, "x").power for unit in (1e-12, 1.0, 1e8)]
    assert powers[0] == powers[1] == powers[2]


def test_amplitude_of_noise_does_not_grow() -> None:
    grown = [
        transforms.amplitude_grows(50 + np.random.default_rng(seed).normal(size=240).cumsum() / 3, 12)
        for seed in range(20)
    ]
    assert sum(grown) <= 1


def test_difference_lag_is_a_season_where_the_season_is_strong(random: np.random.Generator) -> None:
    noise = random.normal(0, 0.3, 240)
    assert choices.difference_lag(TIME / 20 + 3 * SEASON + noise, 12, 12) == 12
    assert choices.difference_lag(3 * np.sin(2 * np.pi * TIME / 7) + noise, 7, 12) == 14
    assert choices.difference_lag(noise.cumsum() + TIME, 12, 12) == 1
    assert choices.difference_lag(noise, 12, 12) == 0


def test_difference_lag_leaves_something_to_learn() -> None:
    assert choices.difference_lag(100 + 20 * SEASON, 12, 12) != 12


@pytest.mark.parametrize(
    ("steps", "season", "least", "expected"),
    [(101, 12, 0, 24), (1000, 24, 0, 48), (1000, 1, 0, 12), (9000, 288, 0, 168), (20, 12, 0, 5), (20, 12, 12, 12)],
)
def test_lookback_is_two_seasons_within_bounds(steps: int, season: int, least: int, expected: int) -> None:
    assert choices.lookback(steps, season, least) == expected
