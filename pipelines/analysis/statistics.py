"""Spread over seeds, and paired comparisons over the items of the test split."""

from collections.abc import Mapping, Sequence
from math import copysign, inf, nan

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95


def summary(values: Sequence[float]) -> dict[str, float]:
    """Mean, standard deviation and 95 % interval (Student's t) of one number over seeds.

    With a single seed there is no spread: `std`, `low` and `high` are NaN.
    """
    from scipy import stats

    sample = np.asarray(values, np.float64)
    mean = float(sample.mean())
    if len(sample) < 2:
        return {"mean": mean, "std": nan, "low": nan, "high": nan}
    std = float(sample.std(ddof=1))
    half = float(stats.t.ppf((1 + LEVEL) / 2, len(sample) - 1)) * std / len(sample) ** 0.5
    return {"mean": mean, "std": std, "low": mean - half, "high": mean + half}


def standard_error(values: Sequence[float]) -> float:
    """Standard error of the mean over seeds; NaN with a single seed."""
    from scipy import stats

    return float(stats.sem(values)) if len(values) > 1 else nan


Values = Mapping[str, Mapping[str, Sequence[float]]]
"""Target -> metric -> values over seeds."""


def summarised(values: Values) -> dict[str, dict[str, dict[str, float]]]:
    """The values of every target and metric as summaries."""
    return {
        target: {metric: summary(numbers) for metric, numbers in metrics.items()} for target, metrics in values.items()
    }


def averaged(values: Values, metrics: Sequence[str]) -> dict[str, dict[str, float]]:
    """Summaries of each seed's mean over the targets."""
    return {
        metric: summary(np.mean([of_target[metric] for of_target in values.values()], axis=0).tolist())
        for metric in metrics
    }


def ratio(value: float, level: float) -> float:
    """`value / level`, infinite where `level` is zero and `value` is not."""
    if level:
        return value / level
    return copysign(inf, value) if value else 0.0


def paired(
    losses: NDArray[np.float64],
    others: NDArray[np.float64],
    lags: int,
    clusters: NDArray[np.int64] | None = None,
) -> dict[str, float]:
    """Mean difference `losses - others` over items in time order, with a 95 % interval and p-value.

    The interval allows for correlation between neighbouring items up to `lags` (Newey & West 1987), as forecasts of
    overlapping horizons have: the test of Diebold & Mariano 1995. Relative to the mean of `others`: infinite where
    those make no error at all. With at least two `clusters` (items,) it allows for any correlation within each of them instead, by
    Student's t with one degree of freedom less than there are clusters (Liang & Zeger 1986; Cameron & Miller 2015).
    """
    import statsmodels.api as sm

    difference = losses - others
    level = float(others.mean())
    if np.allclose(difference, difference[0]):
        return {"relative": ratio(float(difference.mean()), level), "low": nan, "high": nan, "p": nan}
    model = sm.OLS(difference, np.ones(len(difference)))
    if clusters is not None and len(np.unique(clusters)) > 1:
        fitted = model.fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    else:
        fitted = model.fit(cov_type="HAC", cov_kwds={"maxlags": lags})
    low, high = fitted.conf_int(1 - LEVEL)[0]
    return {
        "relative": ratio(float(fitted.params[0]), level),
        "low": ratio(float(low), level),
        "high": ratio(float(high), level),
        "p": float(fitted.pvalues[0]),
    }


def welch(values: Sequence[float], others: Sequence[float]) -> dict[str, float] | None:
    """Welch's t-test between the seeds of two models: would other seeds have reversed the ranking? None with a single seed."""
    from scipy import stats

    if min(len(values), len(others)) < 2:
        return None
    return {"p": float(stats.ttest_ind(values, others, equal_var=False).pvalue)}
