"""What is chosen for each series where the parameters say `auto`: from its training part alone."""

import warnings

import numpy as np

from pipelines.contract import Floats
from pipelines.errors import InputError
from pipelines.tasks.timeseries.data import known_part
from pipelines.tasks.timeseries.transforms import NONE, Transform, amplitude_grows, guerrero

RECENT = 20_000
"""Last steps of the training part that the choices are made from."""
MOST_NUMBERS = 2_000_000
"""Values of the targets that the lag of the difference is chosen by; more are thinned out evenly."""
STRETCH = 4
"""Steps of the stretches in which amplitude and level are compared, where there is no season (Guerrero & Perera 2004)."""
SHORTEST, LONGEST = 12, 168
"""Bounds of the lookback."""


def transform(wanted: str, training: Floats, season: int, where: str) -> Transform:
    """The transformation of `training`, values in the series' unit without gaps; `wanted` is auto, none, log or boxcox.

    Raise `InputError` if one is wanted that values at or below zero do not have.
    """
    training = training[-RECENT:]
    length, smallest = max(season, STRETCH), float(training.min())
    positive = smallest > 0 and smallest / 2 > 0
    if wanted == "none" or (wanted == "auto" and not (positive and amplitude_grows(training, length))):
        return NONE
    if not positive:
        raise InputError(
            f"{where}: its training part falls to {smallest:g}, and timeseries.prepare.transform is {wanted}, which needs values "
            "above zero; set it to none"
        )
    if wanted == "log":
        return Transform(0.0, smallest / 2)
    if len(training) < 3 * length:
        raise InputError(
            f"{where}: its training part has {len(training)} steps, and boxcox needs three stretches of {length}; set "
            "timeseries.prepare.transform to log or none"
        )
    power = guerrero(training, length)
    if wanted == "auto" and power > 0.75:
        return NONE
    return Transform(0.0 if power < 0.25 else round(power, 3), smallest / 2)


def difference_lag(training: Floats, season: int, horizon: int) -> int:
    """0, 1 or a season's, of the transformed values: after which what is left to forecast deviates least from its median.

    So the best of three simple forecasts is what the network adds to: a constant, the last value, the value a season ago. A seasonal lag is
    the smallest multiple of the season that is no less than the horizon; it takes at most half of the training part.
    """
    recent = training[-RECENT:]
    seasonal = season * -(-horizon // season)
    lags = [0, 1, *([seasonal] if season > 1 and len(recent) >= 2 * seasonal + horizon else [])]
    origins = np.arange(max(lags), len(recent) - horizon)
    if not len(origins):
        return 0
    origins = origins[:: -(-len(origins) * horizon // MOST_NUMBERS)]
    ahead = recent[origins[:, None] + np.arange(1, horizon + 1)]

    def deviation(lag: int) -> float:
        left = ahead - known_part(recent, origins, horizon, lag)
        return float(np.abs(left - np.median(left, axis=0)).mean())

    deviations = {lag: deviation(lag) for lag in lags}
    # A lag after which next to nothing is left would leave nothing to learn.
    useful = [lag for lag in lags if deviations[lag] > 1e-6 * deviations[0]]
    return min(useful or [0], key=lambda lag: deviations[lag])


def covariate_lag(training: Floats) -> int:
    """1 where a KPSS test rejects a constant level at 5 %, else 0."""
    from statsmodels.tools.sm_exceptions import InterpolationWarning
    from statsmodels.tsa.stattools import kpss

    recent = training[-RECENT:]
    if np.ptp(recent) == 0:
        return 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InterpolationWarning)  # of p-values outside the table
        return int(kpss(recent, nlags="auto", result_object=True).pvalue < 0.05)


def lookback(training_steps: int, season: int, least: int) -> int:
    """Two seasons, between 12 and 168 steps, and at most a quarter of the training part; no less than `least`."""
    steps = min(max(2 * season, SHORTEST), LONGEST, training_steps // 4)
    return max(2, least, steps)
