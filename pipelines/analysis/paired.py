"""Paired tests of two methods on the same test items, which allow for dependent items and for the spread over seeds.

Test items and seeds are both samples: other items, or other seeds, would have given another difference. Its squared standard error is
therefore the sum of one part over items and one over seeds, as in Clark's min F' (1973), which is conservative where an item's loss
varies with the seed: that variation is counted in both parts. Degrees of freedom are Satterthwaite's.

`python -m benchmarks.false_alarms` shows how often these tests see a difference where there is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan, pi, sqrt
from typing import Any

import numpy as np

from pipelines.analysis.statistics import CONFIDENCE, ratio
from pipelines.contract import Floats, Indices

FEWEST = 2
"""Degrees of freedom that the variance of dependent items is estimated with at least."""


@dataclass(frozen=True)
class Part:
    """One part of the squared standard error of a mean difference."""

    variance: float
    degrees: float
    """Of freedom."""


def compare(losses: Floats, others: Floats, lags: int = 0, clusters: Indices | None = None) -> dict[str, float]:
    """Mean difference `losses - others`, its 95 % interval, p-value and effect size.

    Both are (seeds, items), or (items,) for a method without seeds. `lags` says how many neighbouring items depend on each other (0:
    none), `clusters` (items,) which ones do, such as those of one speaker; lags are then ignored. With a single seed nothing is known of
    the spread over seeds, and the test is over items alone.

    `relative`, `low` and `high` are relative to the mean of `others`: infinite where those make no error at all. `effect` is the
    standardised paired difference (Cohen's d_z): the mean over the standard deviation of the items' differences. Without any spread
    over items, the interval and p are NaN.
    """
    from scipy import stats

    losses, others = np.atleast_2d(losses), np.atleast_2d(others)
    difference = losses.mean(0) - others.mean(0)
    mean, level = float(difference.mean()), float(others.mean())
    unknown = {"relative": ratio(mean, level), "low": nan, "high": nan, "effect": nan, "p": nan}
    scale = max(float(np.abs(losses).max()), float(np.abs(others).max()))
    if len(difference) < 2 or np.allclose(difference, difference[0], rtol=0, atol=1e-12 * scale):
        return unknown
    parts = [over_items(difference, lags, clusters), over_seeds(losses), over_seeds(others)]
    parts = [part for part in parts if part.variance != 0]
    variance = sum(part.variance for part in parts)
    if not (np.isfinite(variance) and variance > 0):
        return unknown
    degrees = variance**2 / sum(part.variance**2 / part.degrees for part in parts)
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, degrees)) * sqrt(variance)
    return {
        "relative": ratio(mean, level),
        "low": ratio(mean - half, level),
        "high": ratio(mean + half, level),
        "effect": mean / float(difference.std(ddof=1)),
        "p": float(2 * stats.t.sf(abs(mean) / sqrt(variance), degrees)),
    }


def over_items(difference: Floats, lags: int, clusters: Indices | None = None) -> Part:
    """The variance of the mean of (items,), which may depend on each other."""
    if clusters is not None:
        return _clustered(difference, clusters)
    return _in_order(difference, lags) if lags else _cosines(difference, len(difference) - 1)


def over_seeds(losses: Floats) -> Part:
    """The variance over seeds of a mean loss, from (seeds, items); zero where there is one seed."""
    seeds = len(losses)
    return Part(float(losses.mean(1).var(ddof=1)) / seeds, seeds - 1) if seeds > 1 else Part(0.0, 1)


def _in_order(difference: Floats, lags: int) -> Part:
    """The variance of the mean of items that are correlated with their neighbours, by equal-weighted cosines.

    The long-run variance is the mean square of the first few cosine transforms, and the ratio has Student's t with as many degrees of
    freedom (Müller 2007; Lazarus, Lewis, Stock & Watson 2018, whose 0.4 n^(2/3) is taken). There are fewer where the task says that
    items overlap by `lags`, or where their autocorrelation shows that the spectrum is flat over a shorter stretch. (Newey & West's
    interval with so few lags misses 10 to 50 % of the time.)
    """
    items = len(difference)
    deviations = difference - difference.mean()
    correlation = max(float(deviations[1:] @ deviations[:-1] / (deviations @ deviations)), 1e-9)
    flat = items * (1 - correlation) / (3 * pi * sqrt(correlation))
    number = int(min(0.4 * items ** (2 / 3), items / (3 * (lags + 1)), flat))
    return _cosines(difference, min(max(number, FEWEST), items - 1))


def _cosines(difference: Floats, number: int) -> Part:
    """The variance of the mean from the first `number` cosine transforms; from all of them it is that of the ordinary t-test."""
    from scipy import fft

    transforms = fft.dct(difference, norm="ortho")[1 : number + 1]
    return Part(float(np.mean(transforms**2)) / len(difference), number)


def _clustered(difference: Floats, clusters: Indices) -> Part:
    """The variance of the mean of items that depend on each other within clusters, by the jackknife over clusters.

    It is the most reliable estimate where clusters are few or of unequal size (CV3 of MacKinnon, Nielsen & Webb 2023). With one cluster
    nothing can be said.
    """
    _, numbers, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    if len(sizes) < 2:
        return Part(nan, 1)
    without = (difference.sum() - np.bincount(numbers, difference)) / (len(difference) - sizes)
    share = (len(sizes) - 1) / len(sizes)
    return Part(share * float(((without - difference.mean()) ** 2).sum()), len(sizes) - 1)


def holm(tests: Mapping[Any, dict[str, float]]) -> None:
    """Add `p_holm` to each of a family of tests: p corrected for their number (Holm 1979); NaN where p is."""
    from statsmodels.stats.multitest import multipletests

    finite = [key for key, test in tests.items() if np.isfinite(test["p"])]
    corrected = multipletests([tests[key]["p"] for key in finite], method="holm")[1] if finite else []
    for test in tests.values():
        test["p_holm"] = nan
    for key, p in zip(finite, corrected, strict=True):
        tests[key]["p_holm"] = float(p)
