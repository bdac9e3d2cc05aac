"""From series to windows: even steps, openly filled gaps, splits by time, scaling fitted on the training part."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from pipelines import artifacts, progress
from pipelines.contract import Source, Split
from pipelines.errors import InputError
from pipelines.nn.datasets import Windows
from pipelines.params.blocks import by_name
from pipelines.sources import steps
from pipelines.tasks.timeseries import choices, columns, splits
from pipelines.tasks.timeseries.cycles import longer_cycles
from pipelines.tasks.timeseries.data import Meta, Scaler, Series, changes, even_steps, inputs, known_part, phases_of
from pipelines.tasks.timeseries.params import Prepare
from pipelines.tasks.timeseries.transforms import Transform


def prepare(raw: Path, params: Prepare, destination: Path) -> Meta:
    """Write each series' windows and table.

    A column that cannot be forecast is left out with the reason. Raise `InputError` if none is left or a parameter names it.
    """
    source = artifacts.read(raw / "source.json", Source)
    columns.check_names(source, params)
    targets: dict[str, Series] = {}
    faults: dict[str, InputError] = {}
    for names in columns.tables_of(source).values():
        wanted = [name for name in names if params.targets is None or name in params.targets]
        table = {name: columns.read(raw / f"{name}.csv") for name in (names if wanted else ())}
        for name in wanted:
            try:
                targets[name] = _series(name, table, source.parts, params, destination / name)
            except InputError as error:
                if params.targets is not None:
                    raise
                faults[name] = error
    if not targets:
        raise next(iter(faults.values()))
    for fault in faults.values():
        progress.say(f"left out: {fault}")
    sentences = [
        "Dates are those of the targets. Scaling, and whatever is chosen automatically, is fitted on the training part alone; no "
        "training and no choice sees the test part.",
        *(f"Left out: {fault}." for fault in faults.values()),
    ]
    others = sorted(source.parts.keys() - targets.keys())
    return Meta(dict(sorted(targets.items())), " ".join(sentences), others)


def _series(
    name: str, table: dict[str, "pd.Series[float]"], parts: dict[str, dict[str, str]], params: Prepare, folder: Path
) -> Series:
    part = parts[name]
    where = f"series {name!r} ({part['origin']})"
    values, frequency = even_steps(table[name], where)
    season = params.season.get(name) or steps.season(frequency)
    observed = values.notna().to_numpy()
    # Carried forward, never interpolated: an interpolated value would contain the later one.
    filled = values.ffill().to_numpy()
    borders = splits.borders_of(len(filled), params)
    training = borders["valid"]
    if why := columns.fault(values.to_numpy()[:training], params.max_constant_share, columns.FEWEST_VALUES):
        raise InputError(f"{where}: {why}; there is nothing to learn, leave it out")

    transform, lag, lookback = _view(name, filled[:training], season, params, where)
    transformed = transform.apply(filled)
    origins, over_gaps = splits.origins_of(values, borders, lag, lookback, params, where)

    # What is forecast: the values minus the part that is known at the origin.
    beyond = np.append(transformed, np.repeat(transformed[-1], params.horizon))
    ahead = np.lib.stride_tricks.sliding_window_view(beyond, params.horizon)[1:]
    targets = ahead - known_part(transformed, np.arange(len(filled)), params.horizon, lag)
    largest = float(np.abs(transformed).max())
    target_scaler = _scaler(targets[origins["train"]], largest, where)
    targets -= target_scaler.center  # in place: a long series has many targets
    targets /= target_scaler.std

    dates = cast(pd.DatetimeIndex, values.index)
    start = dates[0].isoformat()
    calendar, period = _period(dates, season)
    scaler = _scaler(changes(transformed, lag)[lag:training], largest, where)
    _check_season(values.to_numpy()[:training], season, where)
    own = ["value", "season sine", "season cosine"]
    for cycle in longer_cycles(dates[:training], season):
        own += [f"{cycle} sine", f"{cycle} cosine"]
    if not observed[:training].all():
        own.append("observed")
    covariates, left_out = columns.covariates_of(name, table, parts, params, dates, training)
    phases = phases_of(dates, calendar, start, frequency, season)
    features = inputs(values, table, own, transform, scaler, lag, phases, covariates)
    Windows.save(folder, features.astype(np.float32), targets, origins)

    row_numbers = np.arange(len(filled))
    split_of = np.select([row_numbers >= borders["test"], row_numbers >= borders["valid"]], ["test", "valid"], "train")
    pd.DataFrame(
        {
            "date": dates,
            "value": values.to_numpy(),
            "filled": filled,
            "observed": observed,
            "scaled": np.where(np.arange(len(filled)) < lag, np.nan, features[:, 0]),
            "split": split_of,
        }
    ).to_parquet(folder / "table.parquet", index=False)
    step = steps.name(frequency)
    return Series(
        features=[*own, *(feature for covariate in covariates for feature in covariate.features)],
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
        left_out=left_out,
        horizon=params.horizon,
        frequency=frequency,
        start=start,
        season=season,
        calendar=calendar,
        period=period,
        transform=transform,
        difference=lag,
        chosen=[
            what
            for what, values_by_name in (
                ("transformation", params.transform),
                ("difference", params.difference_lag),
                ("lookback", params.lookback),
            )
            if by_name(values_by_name, name) in ("auto", None)
        ],
        covariates=covariates,
        scaler=scaler,
        target_scaler=target_scaler,
        origin=part["origin"],
        unit=part["unit"],
        file=part.get("file", ""),
        column=part.get("column", ""),
        missing=int((~observed).sum()),
        over_gaps=over_gaps,
        borders=borders,
    )


def _view(name: str, training: Any, season: int, params: Prepare, where: str) -> tuple[Transform, int, int]:
    """Transformation, lag of the difference, and lookback."""
    transform = choices.transform(by_name(params.transform, name), training, season, where)
    lag, lookback = by_name(params.difference_lag, name), by_name(params.lookback, name)
    if lag is None:
        lag = choices.difference_lag(transform.apply(training), season, params.horizon)
    if lookback is None:
        lookback = choices.lookback(len(training), season, params.horizon if params.known_ahead else 0)
    if params.known_ahead and lookback < params.horizon:
        raise InputError(
            f"{where}: a lookback of {lookback} steps is shorter than the horizon of {params.horizon}, over which "
            "timeseries.prepare.known_ahead is known; raise timeseries.prepare.lookback"
        )
    return transform, lag, lookback


def _scaler(training: Any, largest: float, where: str) -> Scaler:
    """Of training values alone; raise `InputError` if they are constant, but for the rounding of values up to `largest`."""
    scaler = Scaler.of(training)
    if scaler.std <= max(1e-9 * abs(scaler.mean), 1e-12 * largest):
        raise InputError(f"{where}: is constant over its training part; there is nothing to learn, leave it out")
    return scaler


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
