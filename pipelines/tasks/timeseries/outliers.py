"""Values that lie apart from all others of a series, such as a code for a missing one or a misplaced decimal point."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.contract import Floats

SHARE = 0.05
"""Of the values, at most, that may be outliers: more are a part of the distribution."""
NEIGHBOURS = 3
"""Steps on each side that a value is compared with."""
FEWEST = 20
"""Values that show what is usual."""


def outliers(values: Floats, distance: float) -> NDArray[np.bool_]:
    """Whether each of `values` (steps,), with NaN where one is missing, lies apart from the others: (steps,).

    Values at an end of the distribution lie apart if the gap before them is more than `distance` times the spread that the others have on
    that side, twice their distance from the median. It is a gap that is looked for, not a far value: the tail of a skewed distribution,
    such as that of rain, has many values on the way. The same is looked for in the logarithm of each value's ratio to the median of its
    neighbours, where a trend does not hide it. Medians and gaps are not moved by what they are to find, as a mean and a standard
    deviation are.
    """
    found = _apart(values, distance)
    if np.nanmin(values, initial=np.inf) > 0:
        near = pd.Series(values).rolling(2 * NEIGHBOURS + 1, center=True, min_periods=NEIGHBOURS).median().to_numpy()
        found |= _apart(np.log(values) - np.log(near), distance)
    return found


def _apart(values: Floats, distance: float) -> NDArray[np.bool_]:
    ordered = np.sort(values[np.isfinite(values)])
    if len(ordered) < FEWEST:
        return np.zeros(len(values), bool)
    low, high = -_limit(-ordered[::-1], distance), _limit(ordered, distance)
    with np.errstate(invalid="ignore"):
        return (values < low) | (values > high)


def _limit(ordered: Floats, distance: float) -> float:
    """The highest of the ascending values before the widest gap, if that is wide enough; else infinity."""
    most = max(1, int(SHARE * len(ordered)))
    inner = ordered[-most - 1 : -1]
    spread = 2 * (inner - np.median(ordered))
    wide = (np.diff(ordered[-most - 1 :]) > distance * spread) & (spread > 0)
    return float(inner[wide.argmax()]) if wide.any() else np.inf
