"""Spread over seeds, and the level of all tests."""

from collections.abc import Mapping, Sequence
from math import copysign, inf, nan

import numpy as np

CONFIDENCE = 0.95
"""Of every interval."""
SIGNIFICANCE = 1 - CONFIDENCE
"""A p-value below it is called significant."""


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
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(sample) - 1)) * std / len(sample) ** 0.5
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
