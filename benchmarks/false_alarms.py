"""How often the paired tests find a difference where there is none, and where there is one: `python -m benchmarks.false_alarms`.

Losses are drawn for two methods whose expected loss is the same: over items, autocorrelated items, clusters, with and without a spread
over seeds. A test at the level of 5 % may find a difference in 5 of 100 draws, not in more. Beside it the test with normal quantiles and
Newey & West's variance, which takes seeds as fixed.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from pipelines.analysis import paired
from pipelines.analysis.statistics import SIGNIFICANCE

Random = np.random.Generator
Drawn = tuple[Any, Any, Any]
"""Losses (seeds, items) of two methods, and clusters (items,) or None."""


@dataclass(frozen=True)
class Case:
    """One kind of data without a difference."""

    name: str
    draw: Callable[[Random], Drawn]
    lags: int = 0
    excess: float = 0.0
    """Known false alarms beyond the level: with so few and so dependent items, no test holds it."""


def draw(
    random: Random,
    items: int = 150,
    seeds: int = 3,
    seed_spread: float = 0.0,
    autocorrelation: float = 0.0,
    overlap: int = 1,
    clusters: int = 0,
) -> Drawn:
    """Losses of two methods with the same expectation.

    Each item has a difference of its own, one of its cluster, and noise in every seed; each seed has a level of its own.
    """
    from scipy import signal

    white = random.normal(size=items + 200 + overlap)
    series = signal.lfilter(np.ones(overlap) / overlap**0.5, [1, -autocorrelation], white)[-items:]
    series *= (1 - autocorrelation**2) ** 0.5
    numbers = None
    if clusters:
        numbers = np.sort(
            random.choice(clusters, items, p=np.arange(1, clusters + 1) / (clusters * (clusters + 1) / 2))
        )
        series = series + 0.7 * random.normal(size=clusters)[numbers]
    common = random.exponential(size=items)
    losses, others = (
        common + 0.3 * random.normal(size=(seeds, items)) + seed_spread * random.normal(size=(seeds, 1))
        for _ in range(2)
    )
    return losses + series, others, numbers


CASES = (
    Case("independent", draw),
    Case("independent, one seed", partial(draw, seeds=1)),
    Case("independent, seeds differ", partial(draw, seed_spread=0.3)),
    Case("independent, five seeds differ", partial(draw, seeds=5, seed_spread=0.1)),
    Case("autocorrelated 0.3", partial(draw, autocorrelation=0.3), lags=1),
    Case("autocorrelated 0.7", partial(draw, autocorrelation=0.7), lags=1, excess=0.01),
    Case("autocorrelated 0.9", partial(draw, items=400, autocorrelation=0.9), lags=1, excess=0.015),
    Case("autocorrelated 0.9, few items", partial(draw, autocorrelation=0.9), lags=1, excess=0.04),
    Case("autocorrelated 0.7, seeds differ", partial(draw, autocorrelation=0.7, seed_spread=0.2), lags=1, excess=0.01),
    Case("horizons of 12 overlap", partial(draw, overlap=12), lags=12, excess=0.01),
    Case("twelve clusters", partial(draw, clusters=12), excess=0.015),
    Case("thirty clusters, seeds differ", partial(draw, items=400, clusters=30, seed_spread=0.2)),
)


def rate(case: Case, repetitions: int, standard_errors: float = 0.0) -> float:
    """Share of draws with a significant difference; the true one is so many `standard_errors`, as these draws spread, or none."""
    random = np.random.default_rng(7)
    drawn = [case.draw(random) for _ in range(repetitions)]
    shift = standard_errors * float(np.std([(losses - others).mean() for losses, others, _ in drawn]))
    tests = [paired.compare(losses + shift, others, case.lags, clusters) for losses, others, clusters in drawn]
    return float(np.mean([test["p"] < SIGNIFICANCE for test in tests]))


def newey_west(case: Case, repetitions: int) -> float:
    """The same of Newey & West's test of the means over seeds, with the task's lags (at least none)."""
    import statsmodels.api as sm

    random = np.random.default_rng(7)
    alarms = []
    for _ in range(repetitions):
        losses, others, _ = case.draw(random)
        difference = losses.mean(0) - others.mean(0)
        fitted = sm.OLS(difference, np.ones(len(difference))).fit(cov_type="HAC", cov_kwds={"maxlags": case.lags})
        alarms.append(fitted.pvalues[0] < SIGNIFICANCE)
    return float(np.mean(alarms))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=4000)
    options = parser.parse_args()
    print("| data without a difference | false alarms | with Newey–West | found: 3 standard errors | found: 6 |")
    print("|---|---|---|---|---|")
    for case in CASES:
        rates = [rate(case, options.repetitions), newey_west(case, options.repetitions)]
        rates += [rate(case, options.repetitions // 4, size) for size in (3, 6)]
        print(f"| {case.name} | {' | '.join(f'{100 * share:.1f} %' for share in rates)} |", flush=True)


if __name__ == "__main__":
    main()
