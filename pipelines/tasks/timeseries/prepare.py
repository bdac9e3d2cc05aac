"""From series to windows: even steps, openly filled gaps, splits by time, scaling fitted on the training part."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from pipelines import artifacts
from pipelines.contract import SPLITS, Source, Split
from pipelines.errors import InputError
from pipelines.nn.datasets import Windows
from pipelines.params.blocks import by_name
from pipelines.sources import steps
from pipelines.tasks.timeseries.data import Meta, Scaler, Series, changes, even_steps, inputs, known_part, phase
from pipelines.tasks.timeseries.params import Prepare


def prepare(raw: Path, params: Prepare, destination: Path) -> Meta:
    """Write each series' windows and table; a series that cannot be used raises `InputError`."""
    source = artifacts.read(raw / "source.json", Source)
    return Meta(
        {
            name: _series(name, raw / f"{name}.csv", part, params, destination / name)
            for name, part in sorted(source.parts.items())
        },
        "Dates are those of the targets. Scaling is fitted on the training part alone; no training and no choice sees the test part.",
    )


def _series(name: str, path: Path, part: dict[str, str], params: Prepare, folder: Path) -> Series:
    where = f"series {name!r} ({part['origin']})"
    values, frequency = even_steps(_read(path), where)
    season = params.season.get(name) or steps.season(frequency)
    lag, lookback = by_name(params.difference, name), by_name(params.lookback, name)
    observed = values.notna().to_numpy()
    _check_gaps(values, params.max_gap, where)
    # Carried forward, never interpolated: an interpolated value would contain the later one.
    filled = values.ffill().to_numpy()

    test, valid = (round(len(filled) * share) for share in (params.test_share, params.valid_share))
    borders = {
        "train": 0,
        "valid": len(filled) - test - valid,
        "test": len(filled) - test,
        "end": len(filled),
    }
    origins = window_origins(borders, lag + lookback - 1, params.horizon)
    for split, rows in origins.items():
        if not len(rows):
            raise InputError(
                f"{where}: {len(filled)} rows leave no window of {lookback} + {params.horizon} steps for {split}; "
                "add rows, or lower timeseries.prepare.lookback, horizon or difference"
            )

    # What is forecast: the values minus the part that is known at the origin.
    beyond = np.append(filled, np.repeat(filled[-1], params.horizon))
    ahead = np.lib.stride_tricks.sliding_window_view(beyond, params.horizon)[1:]
    targets = ahead - known_part(filled, np.arange(len(filled)), params.horizon, lag)
    largest = float(np.abs(filled).max())
    target_scaler = _scaler(targets[origins["train"]], largest, where)
    targets -= target_scaler.mean  # in place: a long series has many targets
    targets /= target_scaler.std

    dates = cast(pd.DatetimeIndex, values.index)
    start = dates[0].isoformat()
    calendar, period = _period(dates, season)
    scaler = _scaler(changes(filled, lag)[lag : borders["valid"]], largest, where)
    _check_season(values.to_numpy()[: borders["valid"]], season, where)
    names = ["value", "season sine", "season cosine"]
    if not observed[: borders["valid"]].all():
        names.append("observed")
    features = inputs(values, names, scaler, lag, phase(dates, calendar, start, frequency, season))
    Windows.save(folder, features.astype(np.float32), targets, origins)

    row_numbers = np.arange(len(filled))
    parts = np.select([row_numbers >= borders["test"], row_numbers >= borders["valid"]], ["test", "valid"], "train")
    table = pd.DataFrame(
        {
            "date": dates,
            "value": values.to_numpy(),
            "filled": filled,
            "observed": observed,
            "scaled": np.where(np.arange(len(filled)) < lag, np.nan, features[:, 0]),
            "split": parts,
        }
    )
    table.to_parquet(folder / "table.parquet", index=False)
    step = steps.name(frequency)
    return Series(
        features=names,
        outputs=[f"+{k} {step}{'s' if k > 1 else ''}" for k in range(1, params.horizon + 1)],
        lookback=lookback,
        step=step,
        rows=len(filled),
        splits={
            split: Split(
                len(rows), f"{dates[int(rows[0]) + 1].date()} to {dates[int(rows[-1]) + params.horizon].date()}"
            )
            for split, rows in origins.items()
        },
        horizon=params.horizon,
        frequency=frequency,
        start=start,
        season=season,
        calendar=calendar,
        period=period,
        difference=lag,
        scaler=scaler,
        target_scaler=target_scaler,
        origin=part["origin"],
        unit=part["unit"],
        file=part.get("file", ""),
        column=part.get("column", ""),
        missing=int((~observed).sum()),
        borders=borders,
    )


def _scaler(training: Any, largest: float, where: str) -> Scaler:
    """Of training values alone; raise `InputError` if they are constant, but for the rounding of values up to `largest`."""
    mean, std = float(training.mean()), float(training.std())
    if std <= max(1e-9 * abs(mean), 1e-12 * largest):
        raise InputError(f"{where}: is constant over its training part; there is nothing to learn, leave it out")
    return Scaler(mean, std)


def window_origins(borders: dict[str, int], first: int, horizon: int) -> dict[str, Any]:
    """Origins of each split's windows: every target of a window lies inside its split.

    `borders` maps each split, and `end`, to its first row; `first` is the first origin with a full window behind it.
    """
    ends = (borders["valid"], borders["test"], borders["end"])
    return {
        split: np.arange(max(first, borders[split] - 1), end - horizon, dtype=np.int64)
        for split, end in zip(SPLITS, ends, strict=True)
    }


def _read(path: Path) -> "pd.Series[float]":
    return pd.read_csv(path, index_col="date", parse_dates=["date"])["value"].astype(float)


def _check_gaps(values: "pd.Series[float]", max_gap: int, where: str) -> None:
    missing = values.isna()
    run = missing.groupby((~missing).cumsum()).cumsum()
    if run.max() > max_gap:
        end = cast(pd.Timestamp, run.idxmax())
        raise InputError(
            f"{where}: {run.max():.0f} values in a row are missing up to {end.date()}; at most {max_gap} are carried "
            "forward (timeseries.prepare.max_gap): fill them, or use the part before or after"
        )


def _check_season(training: Any, season: int, where: str) -> None:
    """Errors are measured in those of the seasonal naive forecast on the training part: it must have some."""
    if len(training) <= season:
        raise InputError(
            f"{where}: its training part has {len(training)} steps, no more than a season of {season}; add rows, or lower "
            "timeseries.prepare.season"
        )
    if not np.nansum(np.abs(training[season:] - training[:-season])):
        raise InputError(
            f"{where}: repeats itself exactly after {season} step{'s' if season > 1 else ''}; there is nothing to learn, leave it out"
        )


def _period(dates: pd.DatetimeIndex, season: int) -> tuple[bool, float]:
    """Whether the season is the calendar year, and its exact length in steps.

    52 weeks are a day short of a year: six weeks after forty years.
    """
    span = (dates[-1] - dates[0]).total_seconds() / (len(dates) - 1)
    year = 365.25 * 86400 / span
    calendar = season > 1 and abs(season / year - 1) < 0.02
    return calendar, year if calendar else float(season)
