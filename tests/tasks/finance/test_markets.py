from collections.abc import Callable

import numpy as np
import pytest

from pipelines.tasks.finance import markets

Method = Callable[..., np.ndarray]
ORIGINS = np.arange(900, 990)


@pytest.fixture
def returns(random: np.random.Generator) -> np.ndarray:
    """Returns whose volatility clusters: a GARCH(1,1)."""
    values, variance = np.zeros(1000), 1e-4
    for day in range(1, 1000):
        variance = 4e-6 + 0.1 * values[day - 1] ** 2 + 0.86 * variance
        values[day] = np.sqrt(variance) * random.normal()
    return values


def test_random_walk_forecasts_zero_returns() -> None:
    assert not markets.random_walk(ORIGINS, 5).any()


def test_historical_mean_forecasts_the_training_mean_every_day(returns: np.ndarray) -> None:
    assert np.unique(markets.historical_mean(returns, ORIGINS, 5, 800)) == pytest.approx(returns[:800].mean())


def test_ar1_finds_the_coefficient_of_an_autoregression(random: np.random.Generator) -> None:
    values = np.zeros(1000)
    for day in range(1, 1000):
        values[day] = 0.6 * values[day - 1] + random.normal()
    forecasts = markets.ar1(values, ORIGINS, 5, 800)
    assert np.median(forecasts[:, 1] / forecasts[:, 0]) == pytest.approx(0.6, abs=0.1)


def test_rolling_variance_is_the_mean_square(returns: np.ndarray) -> None:
    expected = [(returns[o - 21 : o + 1] ** 2).mean() for o in ORIGINS]
    np.testing.assert_allclose(markets.rolling_variance(returns, ORIGINS, 22), expected)


@pytest.mark.parametrize("method", [markets.har_variance, markets.garch_variance])
def test_har_variance_and_garch_variance_have_the_right_size(method: Method, returns: np.ndarray) -> None:
    forecasts = method(returns, ORIGINS, 5, 800)
    assert forecasts.shape == ORIGINS.shape
    assert (forecasts > 0).all()
    assert 0.3 < forecasts.mean() / (returns[ORIGINS] ** 2).mean() < 3


@pytest.mark.parametrize("method", [markets.har_variance, markets.garch_variance, markets.ar1])
def test_markets_forecasts_do_not_depend_on_later_returns(method: Method, returns: np.ndarray) -> None:
    changed = returns.copy()
    changed[951:] *= 5
    before, after = (method(values, ORIGINS, 5, 800) for values in (returns, changed))
    np.testing.assert_allclose(before[:51], after[:51])
    assert not np.allclose(before[51:], after[51:])
