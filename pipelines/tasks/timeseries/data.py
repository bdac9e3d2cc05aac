"""From series to windows: even steps, openly filled gaps, splits by time, scaling fitted on the training part."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines import artifacts
from pipelines.contract import SPLITS, Meta, Suite
from pipelines.errors import InputError
from pipelines.nn.datasets import Windows
from pipelines.params.timeseries import TimeseriesData, TimeseriesValidation
from pipelines.sources import tables

SEASONS = {"h": 24, "D": 7, "B": 5, "W": 52, "MS": 12, "ME": 12, "QS": 4, "QE": 4, "YS": 1, "YE": 1}
"""Steps in a season by pandas frequency."""
STEP_NAMES = {"h": "hour", "D": "day", "B": "business day", "W": "week", "MS": "month", "ME": "month"}


# Prepare


def prepare(raw: Path, data: TimeseriesData, destination: Path) -> Meta:
    """Write each series' windows and table; a series that cannot be used raises `InputError`."""
    source = artifacts.read_json(raw / "source.json")
    targets = {}
    for name, origin in sorted(source["parts"].items()):
        targets[name] = _prepare_series(name, raw / f"{name}.csv", origin, data, destination / name)
    return {
        "targets": targets,
        "splitting": "Dates are those of the targets. Scaling is fitted on the training part alone; no training and no choice sees the "
        "test part.",
    }


def _prepare_series(
    name: str, path: Path, origin: dict[str, str], data: TimeseriesData, folder: Path
) -> dict[str, Any]:
    where = f"series {name!r} ({origin['origin']})"
    values, step = even_steps(_read(path), where)
    season = data.season.get(name) or SEASONS.get(step.split("-")[0], 1)
    lag = data.difference.get(name, data.difference["default"])
    lookback = data.lookback.get(name, data.lookback["default"])
    observed = values.notna().to_numpy()
    _check_gaps(values, data.max_gap, where)
    # Carried forward, never interpolated: a value between two others would know the later one.
    filled = values.ffill().to_numpy()

    test, valid = (round(len(filled) * share) for share in (data.test_share, data.valid_share))
    borders = {
        "train": 0,
        "valid": len(filled) - test - valid,
        "test": len(filled) - test,
        "end": len(filled),
    }
    origins = window_origins(borders, lag + lookback - 1, data.horizon)
    for split, rows in origins.items():
        if not len(rows):
            raise InputError(
                f"{where}: {len(filled)} rows leave no window of {lookback} + {data.horizon} steps for {split}; "
                "add rows, or lower timeseries.data.lookback, horizon or difference"
            )

    # What is forecast: the values less what is known of them at the origin.
    ahead = np.arange(len(filled))[:, None] + np.arange(1, data.horizon + 1)
    known = known_part(filled, np.arange(len(filled)), data.horizon, lag)
    aim = filled[np.minimum(ahead, len(filled) - 1)] - known
    target_scaler = _scaler(aim[origins["train"]], where)
    targets = (aim - target_scaler["mean"]) / target_scaler["std"]

    step_name = STEP_NAMES.get(step.split("-")[0], "step")
    series = {
        **origin,
        "features": ["value", "season sine", "season cosine"],
        "outputs": [f"+{k} {step_name}{'s' if k > 1 else ''}" for k in range(1, data.horizon + 1)],
        "lookback": lookback,
        "horizon": data.horizon,
        "step": step_name,
        "frequency": step,
        "start": values.index[0].isoformat(),
        "season": season,
        **_period(cast(pd.DatetimeIndex, values.index), season),
        "difference": lag,
        "scaler": _scaler(_changes(filled, lag)[lag : borders["valid"]], where),
        "target_scaler": target_scaler,
    }
    if not observed[: borders["valid"]].all():
        series["features"].append("observed")
    features = inputs(values, series)
    Windows.save(folder, features.astype(np.float32), targets, origins)

    rows_at = np.arange(len(filled))
    parts = np.select([rows_at >= borders["test"], rows_at >= borders["valid"]], ["test", "valid"], "train")
    table = pd.DataFrame(
        {
            "date": values.index,
            "value": values.to_numpy(),
            "filled": filled,
            "observed": observed,
            "scaled": np.where(np.arange(len(filled)) < lag, np.nan, features[:, 0]),
            "split": parts,
        }
    )
    table.to_parquet(folder / "table.parquet", index=False)
    return {
        **series,
        "rows": len(filled),
        "missing": int((~observed).sum()),
        "borders": borders,
        "splits": {
            s: {
                "windows": len(origins[s]),
                "note": f"{values.index[int(origins[s][0]) + 1].date()} to {values.index[int(origins[s][-1]) + data.horizon].date()}",
            }
            for s in SPLITS
        },
    }


def inputs(values: "pd.Series[float]", series: dict[str, Any]) -> NDArray[np.float64]:
    """What a network sees of each step of a series on its even grid, by the series' meta: (time, features)."""
    filled, lag, scaler = values.ffill().to_numpy(), series["difference"], series["scaler"]
    phase = _phase(cast(pd.DatetimeIndex, values.index), series)
    columns = {
        "value": np.nan_to_num((_changes(filled, lag) - scaler["mean"]) / scaler["std"]),
        "season sine": np.sin(2 * np.pi * phase),
        "season cosine": np.cos(2 * np.pi * phase),
        "observed": values.notna().to_numpy(float),
    }
    return np.stack([columns[name] for name in series["features"]], axis=1)


def _changes(filled: Any, lag: int) -> Any:
    """Each value less the one `lag` steps before, NaN where there is none; with `lag` 0 the values."""
    change = np.full(len(filled), np.nan)
    change[lag:] = filled[lag:] - filled[: len(filled) - lag] if lag else filled
    return change


def known_part(filled: Any, origins: Any, horizon: int, lag: int) -> Any:
    """What each forecast step is measured from, (origins, horizon): nothing, the last value, or the value a lag before.

    With `lag` 1 every step is a change from the origin's value; a longer lag must reach back to a known value.
    """
    if lag == 0:
        return np.zeros((len(origins), horizon))
    if lag == 1:
        return np.repeat(filled[origins, None], horizon, axis=1)
    steps = origins[:, None] + np.arange(1, horizon + 1) - lag
    return filled[np.clip(steps, 0, len(filled) - 1)]


def _scaler(training: Any, where: str) -> dict[str, float]:
    """Mean and standard deviation of training values alone; raise `InputError` if they are constant."""
    mean, std = float(training.mean()), float(training.std())
    if std < 1e-9 * max(1.0, abs(mean)):
        raise InputError(f"{where}: is constant over its training part; there is nothing to learn, leave it out")
    return {"mean": mean, "std": std}


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


def even_steps(values: "pd.Series[float]", where: str) -> tuple["pd.Series[float]", str]:
    """A series on an even grid of dates, missing steps as NaN, and its frequency; raise `InputError` if it has none."""
    if values.count() < 3:
        raise InputError(f"{where}: has {values.count()} values; a series needs at least three to have a step")
    values = values.loc[values.first_valid_index() : values.last_valid_index()]
    step = tables.frequency(cast(pd.DatetimeIndex, values.index), where)
    return values.asfreq(step), step


def _check_gaps(values: "pd.Series[float]", max_gap: int, where: str) -> None:
    missing = values.isna()
    run = missing.groupby((~missing).cumsum()).cumsum()
    if run.max() > max_gap:
        end = cast(pd.Timestamp, run.idxmax())
        raise InputError(
            f"{where}: {run.max():.0f} values in a row are missing up to {end.date()}; at most {max_gap} are carried "
            "forward (timeseries.data.max_gap): fill them, or use the part before or after"
        )


def _period(dates: pd.DatetimeIndex, season: int) -> dict[str, Any]:
    """Whether the season is the calendar's year, and its exact length in steps.

    52 weeks are a day short of a year, and after forty years six weeks.
    """
    span = (dates[-1] - dates[0]).total_seconds() / (len(dates) - 1)
    year = 365.25 * 86400 / span
    calendar = season > 1 and abs(season / year - 1) < 0.02
    return {"calendar": calendar, "period": year if calendar else float(season)}


def _phase(dates: pd.DatetimeIndex, series: dict[str, Any]) -> Any:
    """Position within the season, 0 to 1: the calendar's, or counted from the first date that training has seen."""
    if series["calendar"]:
        return dates.day_of_year.to_numpy() / 365.25
    start = pd.Timestamp(series["start"])
    first, last = sorted((start, dates[0]))
    passed = (len(pd.date_range(first, last, freq=series["frequency"])) - 1) * (1 if start == first else -1)
    return ((passed + np.arange(len(dates))) % series["season"]) / series["season"]


def datasets(prepared: Path, target: str) -> dict[str, Windows]:
    """Windows of the series `target`: inputs (lookback, features), targets (horizon,) in scaled units."""
    meta = artifacts.read_json(prepared / "meta.json")["targets"][target]
    return Windows.open(prepared / target, meta["lookback"])


# Validate


def expectations(prepared: Path, meta: Meta, validation: TimeseriesValidation) -> list[Suite]:
    """Columns, order and uniqueness of time, completeness, scaling, and splits that do not overlap."""
    import great_expectations.expectations as gxe

    suites = []
    for name, series in meta["targets"].items():
        table = pd.read_parquet(prepared / name / "table.parquet")
        model_rows = table.iloc[series["difference"] :]
        suites.append(
            Suite(
                name,
                table,
                [
                    gxe.ExpectTableColumnsToMatchOrderedList(
                        column_list=["date", "value", "filled", "observed", "scaled", "split"]
                    ),
                    gxe.ExpectColumnValuesToBeOfType(column="value", type_="float64"),
                    gxe.ExpectColumnValuesToNotBeNull(column="date"),
                    gxe.ExpectColumnValuesToBeUnique(column="date"),
                    gxe.ExpectColumnValuesToBeIncreasing(column="date", strictly=True),
                    gxe.ExpectColumnValuesToNotBeNull(column="value", mostly=1 - validation.max_missing_share),
                    gxe.ExpectColumnValuesToNotBeNull(column="filled"),
                    gxe.ExpectColumnProportionOfUniqueValuesToBeBetween(
                        column="value", min_value=validation.min_distinct_share
                    ),
                    gxe.ExpectColumnValuesToBeInSet(column="split", value_set=list(SPLITS)),
                ],
            )
        )
        suites.append(
            Suite(
                f"{name}, as the network sees it",
                model_rows,
                [
                    gxe.ExpectColumnValuesToNotBeNull(column="scaled"),
                    gxe.ExpectColumnValuesToBeBetween(
                        column="scaled",
                        min_value=-validation.max_abs_scaled,
                        max_value=validation.max_abs_scaled,
                    ),
                ],
            )
        )
        suites.append(_borders(name, prepared, series))
    return suites


def _borders(name: str, prepared: Path, series: dict[str, Any]) -> Suite:
    """Each split's first target must come after the last target of the split before it."""
    import great_expectations.expectations as gxe

    origins = [np.load(prepared / name / f"{split}.npy") for split in SPLITS]
    pairs = pd.DataFrame(
        {
            "split": SPLITS[1:],
            "first_target": [int(rows[0]) + 1 for rows in origins[1:]],
            "last_target_before": [int(rows[-1]) + series["horizon"] for rows in origins[:-1]],
        }
    )
    return Suite(
        f"{name}, borders between splits",
        pairs,
        [
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="first_target", column_B="last_target_before"),
            gxe.ExpectTableRowCountToEqual(value=2),
        ],
    )
