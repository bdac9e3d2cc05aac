"""Values that lie apart are found, and the tails of skewed distributions are not taken for them."""

import numpy as np
import pytest

from pipelines.contract import Floats
from pipelines.tasks.timeseries.outliers import outliers

DISTANCE = 3.0
STEPS = np.arange(400.0)


def wave(random: np.random.Generator) -> Floats:
    return 50 + 10 * np.sin(2 * np.pi * STEPS / 12) + random.normal(0, 1, 400)


def trend(random: np.random.Generator) -> Floats:
    return 340 + STEPS / 10 + random.normal(0, 1, 400)


def growth(random: np.random.Generator) -> Floats:
    return np.exp(STEPS / 40 + random.normal(0, 0.05, 400))


def level(random: np.random.Generator) -> Floats:
    return 1e8 + random.normal(0, 1, 400)


@pytest.mark.parametrize("series", [wave, trend, growth, level])
@pytest.mark.parametrize("spoil", [lambda value: -999.99, lambda value: 10 * value, lambda value: -9999.0])
def test_outliers_are_found_wherever_they_stand(random: np.random.Generator, series, spoil) -> None:  # type: ignore[no-untyped-def]
    values = series(random)
    assert not outliers(values, DISTANCE).any()
    for row in (0, 100, 399):
        spoilt = values.copy()
        spoilt[row] = spoil(values[row])
        assert np.flatnonzero(outliers(spoilt, DISTANCE)).tolist() == [row]


def test_outliers_of_both_ends_are_found_together(random: np.random.Generator) -> None:
    values = wave(random)
    values[[5, 7, 100]] = -999
    values[200] = 600
    assert np.flatnonzero(outliers(values, DISTANCE)).tolist() == [5, 7, 100, 200]


def test_outliers_are_not_the_tail_of_rain() -> None:
    for seed in range(50):
        random = np.random.default_rng(seed)
        dry = random.random(2000) < 0.6
        for amount in (random.gamma(0.5, 8, 2000), random.lognormal(1, 1.2, 2000)):
            assert not outliers(np.where(dry, 0.0, amount), DISTANCE).any()


@pytest.mark.parametrize("rate", [0.05, 0.2, 3])
def test_outliers_are_not_rare_counts(random: np.random.Generator, rate: float) -> None:
    assert not outliers(random.poisson(rate, 2000).astype(float), DISTANCE).any()


def test_outliers_pass_over_missing_values(random: np.random.Generator) -> None:
    values = wave(random)
    values[::7] = np.nan
    assert not outliers(values, DISTANCE).any()
    assert not outliers(np.full(50, np.nan), DISTANCE).any()
