"""The prepared series: their metadata, their windows, and the inputs of a network."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from pipelines import artifacts, contract
from pipelines.contract import Array, Floats, Indices
from pipelines.errors import InputError
from pipelines.nn.datasets import Windows
from pipelines.sources import steps


@dataclass(frozen=True)
class Scaler:
    """Mean and standard deviation over the training part."""

    mean: float
    std: float


@dataclass(frozen=True)
class Series(contract.Target):
    """One series; its outputs are the steps of the horizon."""

    horizon: int
    frequency: str
    """Of the steps, as pandas calls it."""
    start: str
    """First date."""
    season: int
    """Steps in a season."""
    calendar: bool
    """Whether the season is the calendar year."""
    period: float
    """The season's exact length in steps."""
    difference: int
    """Lag of the difference that the network sees; 0: none."""
    scaler: Scaler
    """Of the network's input."""
    target_scaler: Scaler
    """Of its output."""
    origin: str
    unit: str
    file: str
    """Name of the file that it was read from, without its ending; empty for a sample."""
    column: str
    """Its column there."""
    missing: int
    borders: dict[str, int]
    """First row of each part; `end` is the number of rows."""


@dataclass(frozen=True)
class Meta(contract.Meta):
    """`meta.json`."""

    targets: dict[str, Series]


def datasets(prepared: Path, meta: Meta, target: str) -> dict[str, Windows]:
    """Windows of the series `target`: inputs (lookback, features), targets (horizon,) in scaled units."""
    return Windows.open(prepared / target, meta.targets[target].lookback)


def table_of(prepared: Path, target: str) -> pd.DataFrame:
    """`date`, `value` (with gaps), `filled`, `observed`, `scaled`, `split` of every step."""
    return artifacts.read_table(prepared / target / "table.parquet")


def even_steps(values: "pd.Series[float]", where: str) -> tuple["pd.Series[float]", str]:
    """A series on an even grid of dates, missing steps as NaN, and its frequency; raise `InputError` if it has none."""
    if values.count() < 3:
        raise InputError(f"{where}: has {values.count()} values; a series needs at least three to have a step")
    values = values.loc[values.first_valid_index() : values.last_valid_index()]
    step = steps.frequency(cast(pd.DatetimeIndex, values.index), where)
    return values.asfreq(steps.offset(step)), step


def inputs(values: "pd.Series[float]", features: list[str], scaler: Scaler, lag: int, phase: Floats) -> Floats:
    """The network's inputs of each step of a series on its even grid: (time, features)."""
    columns = {
        "value": np.nan_to_num((changes(values.ffill().to_numpy(), lag) - scaler.mean) / scaler.std),
        "season sine": np.sin(2 * np.pi * phase),
        "season cosine": np.cos(2 * np.pi * phase),
        "observed": values.notna().to_numpy(float),
    }
    return np.stack([columns[name] for name in features], axis=1)


def changes(filled: Any, lag: int) -> Any:
    """Each value less the one `lag` steps before, NaN where there is none; with `lag` 0 the values."""
    change = np.full(len(filled), np.nan)
    change[lag:] = filled[lag:] - filled[: len(filled) - lag] if lag else filled
    return change


def known_part(filled: Array, origins: Indices, horizon: int, lag: int) -> Any:
    """What each forecast step is measured from, (origins, horizon): nothing, the last value, or the value a lag before.

    With `lag` 1 every step is a change from the origin's value; a longer lag must reach back to a known value.
    """
    if lag == 0:
        return np.zeros((len(origins), horizon))
    if lag == 1:
        return np.repeat(filled[origins, None], horizon, axis=1)
    known = origins[:, None] + np.arange(1, horizon + 1) - lag
    return filled[np.clip(known, 0, len(filled) - 1)]


def phase(dates: pd.DatetimeIndex, calendar: bool, start: str, frequency: str, season: int) -> Any:
    """Position within the season, 0 to 1: the calendar's, or counted from the first date that training has seen."""
    if calendar:
        return dates.day_of_year.to_numpy() / 365.25
    origin = pd.Timestamp(start)
    first, last = sorted((origin, dates[0]))
    passed = steps.steps_between(first, last, frequency) * (1 if origin == first else -1)
    return ((passed + np.arange(len(dates))) % season) / season
