"""The networks of the task as functions from a series' last values to its next ones."""

import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pipelines.nn.datasets import WINDOW
from pipelines.nn.export import Input, RawFunction
from pipelines.tasks.timeseries.data import OWN, Covariate, Scaler, Series
from pipelines.tasks.timeseries.params import Params
from pipelines.tasks.timeseries.train import Meta
from pipelines.tasks.timeseries.transforms import GREATEST, Transform

__all__ = ["LIMITS", "PIPELINE", "USE", "Meta", "raw_function"]
PIPELINE = "time-series-forecasting"
USE = "Forecasts the next steps of the series that it was trained on, from its last values."
LIMITS = (
    "A network knows one series with its step and its unit; of another it knows nothing.",
    "It was tested on the last part of the series alone, which comes right after what it was trained on.",
    "The forecast is a single value for each step, without an interval.",
)
DAY_OF_YEAR, HOURS_OF_WEEK, PASSED = "day_of_year", "hours_of_week", "passed"
"""Inputs that say when the values are."""
Tensor = Any


def raw_function(network: keras.Model, meta: Meta, target: str, params: Params, prepared: Path) -> RawFunction:
    """`values` (batch, steps) with NaN for gaps, where in the season they are, and each covariate -> `forecast` (batch, horizon), in the
    series' unit."""
    series = meta.targets[target]
    steps = series.lookback + max([series.difference, *(other.difference for other in series.covariates)])
    lag = series.difference

    def call(values: Tensor, **given: Tensor) -> dict[str, Tensor]:
        transformed = _transformed(_filled(values), series.transform)
        own = _own(values, transformed, _phases(series, given, steps), series)
        parts = [own[name] for name in series.features if name in OWN]
        for number, other in enumerate(series.covariates, start=1):
            scaled = _scaled(_filled(given[_argument(number, other)]), other.difference, other.scaler)
            parts += [scaled[:, :steps], *([scaled[:, other.ahead :]] if other.ahead else [])]
        window = tf.stack(parts, -1)[:, -series.lookback :]
        outputs = tf.cast(network({WINDOW: tf.cast(window, tf.float32)}, training=False), tf.float64)
        changes = outputs * series.target_scaler.std + series.target_scaler.center
        return {"forecast": _inverted(_known(transformed, series.horizon, lag) + changes, series.transform)}

    return RawFunction(
        call,
        _inputs(series, steps),
        {"forecast": f"the next {series.horizon} values, in the unit of the series"},
        limits=("`gatehouse predict` averages the forecasts of all seeds; this is one of them.",),
    )


def _argument(number: int, covariate: Covariate) -> str:
    """The name of a covariate's input, a Python name that no other input has."""
    return f"column_{number}_{re.sub('[^0-9A-Za-z_]', '_', covariate.name)}"


def _inputs(series: Series, steps: int) -> dict[str, Input]:
    """What the function gets, by name."""
    unit = f" ({series.unit})" if series.unit else ""
    described = {
        "values": Input(
            (None, steps),
            "float64",
            f"the last {steps} values of the series, a {series.step} apart, in its unit{unit}; NaN where one is missing, but not the first",
            f"[[1.0 + step for step in range({steps})]]",
        )
    }
    cycles = _cycles(series)
    if DAY_OF_YEAR in cycles.values():
        meaning = f"the day of the year of each of the {steps} values, 1 for the first of January"
        described[DAY_OF_YEAR] = Input(
            (None, steps), "int64", meaning, f"[[1 + 7 * step % 365 for step in range({steps})]]"
        )
    if HOURS_OF_WEEK in cycles.values():
        meaning = f"hours from the beginning of Monday to each of the {steps} values"
        described[HOURS_OF_WEEK] = Input(
            (None, steps), "float64", meaning, f"[[float(step % 168) for step in range({steps})]]"
        )
    if PASSED in cycles.values():
        meaning = f"how many steps the last value is after {series.start[:16]}, the first date of training"
        described[PASSED] = Input((None,), "int64", meaning, f"[{series.rows}]")
    for number, other in enumerate(series.covariates, start=1):
        ahead = f" and the {other.ahead} after them" if other.ahead else ""
        meaning = f"the column {other.column} at the same steps{ahead}; NaN where a value is missing"
        described[_argument(number, other)] = Input(
            (None, steps + other.ahead), "float64", meaning, f"[[1.0 + step for step in range({steps + other.ahead})]]"
        )
    return described


def _transformed(values: Tensor, transform: Transform) -> Tensor:
    """`Transform.apply`."""
    if transform.power is None:
        return values
    above = tf.where(tf.math.is_nan(values), values, tf.maximum(values, transform.floor))
    return tf.math.log(above) if transform.power == 0 else (above**transform.power - 1) / transform.power


def _inverted(values: Tensor, transform: Transform) -> Tensor:
    """`Transform.invert`."""
    if transform.power is None:
        return values
    low, high = transform.apply(np.array([transform.floor, GREATEST]))
    within = tf.clip_by_value(values, tf.constant(low, tf.float64), tf.constant(high, tf.float64))
    return tf.exp(within) if transform.power == 0 else (1 + transform.power * within) ** (1 / transform.power)


def _cycles(series: Series) -> dict[str, str]:
    """Cycle whose position the network sees -> the input that it is computed from."""
    sources = {"season": DAY_OF_YEAR if series.calendar else PASSED, "week": HOURS_OF_WEEK, "year": DAY_OF_YEAR}
    return {cycle: source for cycle, source in sources.items() if f"{cycle} sine" in series.features}


def _phases(series: Series, given: dict[str, Tensor], steps: int) -> dict[str, Tensor]:
    """Position within each cycle, 0 to 1, (batch, steps), as `data.phases_of` has it."""
    found = {}
    for cycle, source in _cycles(series).items():
        if source == PASSED:
            numbers = tf.range(1 - steps, 1, dtype=tf.int64)
            found[cycle] = tf.cast((given[source][:, None] + numbers) % series.season, tf.float64) / series.season
        else:
            found[cycle] = tf.cast(given[source], tf.float64) / (365.25 if source == DAY_OF_YEAR else 168.0)
    return found


def _filled(values: Tensor) -> Tensor:
    """(batch, steps) with the last value before it in place of each NaN."""
    steps = values.shape[1]
    known = tf.where(tf.math.is_nan(values), 0, tf.range(steps))
    earlier = np.tril(np.ones((steps, steps), np.int32))
    last = tf.reduce_max(known[:, None] * earlier, -1)
    return tf.gather(values, last, axis=1, batch_dims=1)


def _own(values: Tensor, transformed: Tensor, phases: dict[str, Tensor], series: Series) -> dict[str, Tensor]:
    """The inputs of each step that come from the series itself, as `data.inputs` has them."""
    waves = {"sine": tf.sin, "cosine": tf.cos}
    return {
        "value": _scaled(transformed, series.difference, series.scaler),
        "observed": tf.cast(~tf.math.is_nan(values), tf.float64),
        **{f"{cycle} {wave}": of(2 * np.pi * phase) for cycle, phase in phases.items() for wave, of in waves.items()},
    }


def _scaled(filled: Tensor, lag: int, scaler: Scaler) -> Tensor:
    """Scaled changes over `lag` steps, (batch, steps); 0 where there is none."""
    change = filled[:, lag:] - filled[:, : filled.shape[1] - lag] if lag else filled
    scaled = (change - scaler.center) / scaler.std
    return tf.pad(tf.where(tf.math.is_nan(scaled), tf.zeros_like(scaled), scaled), [[0, 0], [lag, 0]])


def _known(filled: Tensor, horizon: int, lag: int) -> Tensor:
    """What each forecast step is measured from, as `data.known_part` has it."""
    if lag == 0:
        return tf.zeros((), tf.float64)
    if lag == 1:
        return filled[:, -1:]
    last = filled.shape[1] - 1
    return tf.gather(filled, np.clip(last + np.arange(1, horizon + 1) - lag, 0, last), axis=1)
