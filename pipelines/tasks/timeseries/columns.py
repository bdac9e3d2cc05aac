"""The columns that come from one table: which of them can be used, and as what."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines.contract import Source
from pipelines.errors import ParameterError
from pipelines.params.blocks import by_name
from pipelines.printing import quoted
from pipelines.tasks.timeseries import choices
from pipelines.tasks.timeseries.data import Covariate, Scaler, changes
from pipelines.tasks.timeseries.params import Prepare

MOST_COVARIATES = 32
"""So many other columns are used without being named: every one is an input at every step."""
FEWEST_VALUES = 3
"""Different values of a series that is forecast; a column of two is a mark, such as a holiday."""


def tables_of(source: Source) -> dict[str, list[str]]:
    """The series of each table, by the table's name."""
    tables: dict[str, list[str]] = {}
    for name, part in sorted(source.parts.items()):
        tables.setdefault(part.get("table", name), []).append(name)
    return tables


def check_names(source: Source, params: Prepare) -> None:
    """Raise `ParameterError` for a column that a parameter names and no table has, or none that has a series to be forecast."""
    for key in ("targets", "covariates", "known_ahead"):
        for name in getattr(params, key) or ():
            if name not in source.parts:
                close = difflib.get_close_matches(name, source.parts, n=1)
                hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(list(source.parts)[:20])}"
                raise ParameterError(
                    f"params.yaml: timeseries.prepare.{key}: no table has a column {quoted(name)}; {hint}"
                )
    if params.targets is None:
        return
    useful = {name for names in tables_of(source).values() if set(names) & set(params.targets) for name in names}
    for key in ("covariates", "known_ahead"):
        for name in getattr(params, key) or ():
            if name not in useful:
                raise ParameterError(
                    f"params.yaml: timeseries.prepare.{key}: {quoted(name)} is in another file than every target; put it into the table "
                    "of one"
                )


def read(path: Path) -> "pd.Series[float]":
    """A column as `collect` wrote it."""
    return pd.read_csv(path, index_col="date", parse_dates=["date"])["value"].astype(float)


def longest_gap(values: "pd.Series[float]") -> tuple[int, Any]:
    """The most values missing in a row, and the date of the last of them."""
    missing = values.isna()
    run = missing.groupby((~missing).cumsum()).cumsum()
    return int(run.max()), run.idxmax()


def fault(training: Any, max_constant_share: float, fewest: int = 2) -> str:
    """Why the values (n,) of a training part, with NaN where one is missing, say nothing; empty if they do."""
    values, counts = np.unique(training[~np.isnan(training)], return_counts=True)
    if not len(values):
        return "has no value in its training part"
    if np.ptp(values) <= 1e-12 * np.abs(values).max():
        return "is constant over its training part"
    if len(values) < fewest:
        return f"has only {len(values)} different values in its training part"
    if (share := counts.max() / counts.sum()) > max_constant_share:
        return (
            f"is {values[counts.argmax()]:g} at {share:.1%} of the steps of its training part "
            f"(timeseries.prepare.max_constant_share is {max_constant_share:g})"
        )
    steps = np.diff(training)
    if len(steps) > 1 and np.ptp(steps) <= 1e-9 * np.abs(steps).max():
        return "changes by the same amount at every step, as a count of rows does"
    return ""


def covariates_of(
    target: str,
    table: Mapping[str, "pd.Series[float]"],
    parts: Mapping[str, Mapping[str, str]],
    params: Prepare,
    dates: pd.DatetimeIndex,
    training_steps: int,
) -> tuple[list[Covariate], dict[str, str]]:
    """The other columns of its table that a target's network sees, and those that it does not -> why.

    `dates` are the steps of the target, of which the first `training_steps` are its training part.
    """
    others = [name for name in table if name != target]
    wanted = [name for name in others if params.covariates is None or name in params.covariates]
    if params.covariates is None and len(wanted) > MOST_COVARIATES:
        wanted = [name for name in wanted if name in params.known_ahead]
        left_out = {
            f"{len(others) - len(wanted)} other columns": f"more than {MOST_COVARIATES}: name in timeseries.prepare.covariates "
            "those that matter"
        }
    else:
        left_out = {}
        wanted += [name for name in others if name in params.known_ahead and name not in wanted]
    covariates = []
    for name in wanted:
        column = parts[name].get("column", name)
        values = table[name].reindex(dates)
        training = values.to_numpy()[:training_steps]
        why = fault(training, params.max_constant_share)
        missing, end = longest_gap(values)
        if missing > params.max_gap:
            why = f"{missing} values in a row are missing up to {end}"
        if not why:
            filled = values.ffill().to_numpy()
            lag = _lag(name, filled[:training_steps], params)
            seen = changes(filled, lag)[:training_steps]
            scaler = Scaler.of(seen)
            if scaler.std > 1e-12 * np.nanmax(np.abs(filled[:training_steps])):
                ahead = params.horizon if name in params.known_ahead else 0
                covariates.append(Covariate(name, column, lag, scaler, ahead))
                continue
            why = "is constant over its training part after its difference"
        left_out[column] = why
    return covariates, left_out


def _lag(name: str, training: Any, params: Prepare) -> int:
    """Lag of the difference of a covariate: its level, unless a parameter or a test says otherwise."""
    known = training[~np.isnan(training)]
    if len(np.unique(known)) <= FEWEST_VALUES:
        return 0
    lag = by_name(params.difference_lag, name)
    return choices.covariate_lag(known) if lag is None else lag
