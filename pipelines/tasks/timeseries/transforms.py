"""A transformation that makes the amplitude of a series independent of its level, and its exact inverse."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.contract import Floats

GREATEST = 1e35
"""Largest forecast after the inverse, so that no forecast is infinite."""


@dataclass(frozen=True)
class Transform:
    """Box & Cox (1964): `(x^power - 1) / power`, the logarithm for power 0."""

    power: float | None
    """Between 0 and 1; None: the values stay as they are."""
    floor: float
    """Half the smallest value of the training part: smaller values, which training has not seen, are taken for it."""

    @property
    def title(self) -> str:
        """For reports."""
        if self.power is None:
            return "none"
        return "logarithm" if self.power == 0 else f"Box–Cox with a power of {self.power:.3g}"

    def apply(self, values: Any) -> Any:
        """Values in the series' unit -> transformed values, of the same shape; NaN stays NaN."""
        if self.power is None:
            return values
        from scipy.special import boxcox

        return boxcox(np.maximum(values, self.floor), self.power)

    def invert(self, transformed: Any) -> Any:
        """The inverse of `apply`, without a correction: the median of a forecast stays its median, its mean does not stay its mean."""
        if self.power is None:
            return transformed
        from scipy.special import inv_boxcox

        low, high = self.apply(np.array([self.floor, GREATEST]))
        return inv_boxcox(np.clip(transformed, low, high), self.power)


NONE = Transform(None, 0.0)


def amplitude_grows(training: Floats, length: int) -> bool:
    """Whether the deviation within stretches of `length` steps grows with their mean: Spearman's rank correlation above one half, with a
    one-sided p-value below 0.01."""
    from scipy.stats import spearmanr

    stretches = len(training) // length
    if stretches < 5:
        return False
    parts = training[-stretches * length :].reshape(stretches, length)
    # Of the changes, in which a trend is a constant.
    means, deviations = parts.mean(1), np.diff(parts, axis=1).std(1)
    if np.ptp(means) == 0 or np.ptp(deviations) == 0:
        return False
    found = spearmanr(means, deviations, alternative="greater")
    return bool(found.statistic > 0.5 and found.pvalue < 0.01)


def guerrero(training: Floats, length: int) -> float:
    """The power, between 0 and 1, with which the deviation of stretches of `length` steps depends least on their mean (Guerrero 1993)."""
    from statsmodels.base.transform import BoxCox

    scale = float(training.mean())  # the power does not depend on the unit, but powers of tiny values vanish
    found = BoxCox().transform_boxcox(
        training / scale, method="guerrero", bounds=(0, 1), window_length=length, scale="sd"
    )
    return float(found[1])
