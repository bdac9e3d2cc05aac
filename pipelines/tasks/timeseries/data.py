"""The prepared series: their metadata, their windows, and the inputs of a network."""

from collections.abc import Mapping, Sequence
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
from pipelines.tasks.timeseries.transforms import Transform


@dataclass(frozen=True)
class Scaler:
    """Mean and standard deviation over the training part."""

    mean: float
    std: float
    rest: float = 0.0
    """What the seven digits of `meta.json` leave out of the mean, where that is more than a ten-thousandth of the deviation."""

    @classmethod
    def of(cls, training: Any) -> "Scaler":
        """Of values (n,) that may have NaN where they are missing."""
        mean, std = float(np.nanmean(training)), float(np.nanstd(training))
        if abs(mean) < 1000 * std:
            return cls(mean, std)
        kept = float(f"{mean:.7g}")
        return cls(kept, std, mean - kept)

    @property
    def center(self) -> float:
        """The mean."""
        return self.mean + self.rest


@dataclass(frozen=True)
class Covariate:
    """Another column of the series' table."""

    name: str
    """As the task calls it."""
    column: str
    """As the table calls it."""
    difference: int
    scaler: Scaler
    ahead: int
    """Steps that it is known in advance: 0 or the horizon."""

    @property
    def features(self) -> list[str]:
        """Names of its inputs."""
        name = f"{self.column} (column)" if self.column in OWN else self.column
        return [name, f"{name}, {self.ahead} ahead"] if self.ahead else [name]


CYCLES = ("season", "week", "year")
"""What a step's position is given in, as sine and cosine."""
OWN = ("value", "observed", *(f"{cycle} {wave}" for cycle in CYCLES for wave in ("sine", "cosine")))
"""Inputs that come from the series itself."""


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
    transform: Transform
    """Of the values, before all else."""
    difference: int
    """Lag of the difference that the network sees; 0: none."""
    chosen: list[str]
    """Which of transformation, difference and lookback were chosen from the training part, not set by a parameter."""
    covariates: list[Covariate]
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
    over_gaps: int
    """Windows that are left out because they contain more missing values in a row than are carried forward."""
    borders: dict[str, int]
    """First row of each part; `end` is the number of rows."""


@dataclass(frozen=True)
class Meta(contract.Meta):
    """`meta.json`."""

    targets: dict[str, Series]
    others: list[str]
    """Columns that are not forecast, as the task calls them."""


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


def inputs(
    values: "pd.Series[float]",
    table: "Mapping[str, pd.Series[float]]",
    own: list[str],
    transform: Transform,
    scaler: Scaler,
    lag: int,
    phases: Mapping[str, Floats],
    covariates: Sequence[Covariate] = (),
) -> Floats:
    """The network's inputs of each step of a series on its even grid: (time, features).

    `own` are those of `OWN` that it has; `phases` is (time,) for each of `CYCLES`; `table` holds the columns of the `covariates`, on
    any dates. A covariate that is known in advance is an input twice: at its own step, and as early as it is known.
    """
    columns = {
        "value": np.nan_to_num((changes(transform.apply(values.ffill().to_numpy()), lag) - scaler.center) / scaler.std),
        "observed": values.notna().to_numpy(float),
    }
    for cycle, phase in phases.items():
        columns |= {f"{cycle} sine": np.sin(2 * np.pi * phase), f"{cycle} cosine": np.cos(2 * np.pi * phase)}
    parts = [columns[name] for name in own]
    for covariate in covariates:
        dates = cast(pd.DatetimeIndex, values.index)
        later = pd.date_range(dates[-1], periods=covariate.ahead + 1, freq=dates.freq)[1:]
        filled = table[covariate.name].reindex(dates.append(later)).ffill().to_numpy()
        seen = changes(filled, covariate.difference)
        scaled = np.nan_to_num((seen - covariate.scaler.center) / covariate.scaler.std)
        parts.append(scaled[: len(values)])
        if covariate.ahead:
            parts.append(scaled[covariate.ahead :])
    return np.stack(parts, axis=1)


def forecasts(table: pd.DataFrame, series: Series, origins: Indices, outputs: Any) -> Floats:
    """Forecasts in the series' unit from scaled outputs, both (origins, horizon)."""
    changes = outputs.astype(np.float64) * series.target_scaler.std + series.target_scaler.center
    transformed = series.transform.apply(table["filled"].to_numpy())
    known = known_part(transformed, origins, series.horizon, series.difference)
    return cast(Floats, series.transform.invert(known + changes))


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


def phases_of(dates: pd.DatetimeIndex, calendar: bool, start: str, frequency: str, season: int) -> dict[str, Floats]:
    """Position within each of `CYCLES`, 0 to 1, (time,)."""
    year = dates.day_of_year.to_numpy() / 365.25
    week = (dates - dates.normalize()) / pd.Timedelta(days=7) + dates.day_of_week / 7
    of_season = year if calendar else _counted(dates, start, frequency, season)
    return {"season": of_season, "week": week.to_numpy(), "year": year}


def _counted(dates: pd.DatetimeIndex, start: str, frequency: str, season: int) -> Any:
    """Position within the season, counted from the first date that training has seen."""
    origin = pd.Timestamp(start)
    first, last = sorted((origin, dates[0]))
    passed = steps.steps_between(first, last, frequency) * (1 if origin == first else -1)
    return ((passed + np.arange(len(dates))) % season) / season
