"""From series to windows: even steps, openly filled gaps, splits by time, scaling fitted on the training part."""

import gzip
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines import artifacts
from pipelines.contract import SPLITS, Meta, Suite
from pipelines.errors import InputError
from pipelines.nn.datasets import Windows
from pipelines.params.blocks import WindowSource
from pipelines.params.timeseries import TimeseriesData, TimeseriesValidation
from pipelines.sources import archives, files, tables

SEASONS = {"h": 24, "D": 7, "B": 5, "W": 52, "MS": 12, "ME": 12, "QS": 4, "QE": 4, "YS": 1, "YE": 1}
"""Steps in a season by pandas frequency."""
STEP_NAMES = {"h": "hour", "D": "day", "B": "business day", "W": "week", "MS": "month", "ME": "month"}


# Collect


def _co2() -> "pd.Series[float]":
    from statsmodels.datasets import co2

    return cast("pd.Series[float]", co2.load_pandas().data["co2"])


def _sunspots() -> "pd.Series[float]":
    # statsmodels has the yearly numbers only; the monthly ones come in pmdarima's wheel.
    content = archives.member(
        "pmdarima",
        "2.1.1",
        "pmdarima/datasets/data/sunspots.txt.gz",
        "da008320ca46c8fb7d4c08a6dc5ba1282be9209c8b943a7ca5ea5d5409d0b36a",
    )
    values = [float(word) for word in gzip.decompress(content).split()]
    return pd.Series(values, pd.date_range("1749-01-01", periods=len(values), freq="MS"))


SAMPLES = {
    "co2": (
        _co2,
        {
            "origin": "Weekly atmospheric CO₂ at Mauna Loa, 1958–2001, in ppm (Keeling & Whorf 2004); statsmodels.datasets.co2",
            "licence": "public domain (as stated by statsmodels)",
            "unit": "ppm",
        },
    ),
    "sunspots": (
        _sunspots,
        {
            "origin": "Monthly mean relative sunspot numbers, 1749–1983, Zurich and Tokyo observatories "
            "(Andrews & Herzberg 1985, as in R's datasets); in the wheel of pmdarima 2.1.1",
            "licence": "MIT (the package); the numbers are published observations",
            "unit": "sunspot number",
        },
    ),
}


def collect(source: WindowSource, dropped: Sequence[Path], destination: Path) -> dict[str, Any]:
    """Write each series to `<series>.csv` (date, value).

    From dropped files every numeric column is a series. Raise `InputError` if too many files are unreadable.
    """
    if not dropped:
        for name in source.samples:
            if name not in SAMPLES:
                raise InputError(
                    f"timeseries.source.samples: there is no sample {name!r}; there are {', '.join(SAMPLES)}"
                )
            load, _ = SAMPLES[name]
            load().rename("value").rename_axis("date").to_csv(destination / f"{name}.csv")
        return {
            "sample": True,
            "parts": {name: SAMPLES[name][1] for name in source.samples},
            "unreadable": [],
        }

    readings = files.read_all(dropped, tables.read, source.max_unreadable)
    series: dict[str, dict[str, str]] = {}
    for path, table in readings.values.items():
        for column in table.columns:
            plain = str(column).lower() in ("value", "values", "y")
            name = slug(path.stem if plain and len(table.columns) == 1 else str(column))
            if name in series:
                name = slug(f"{path.stem}_{column}")
            series[name] = {
                "origin": f"{path.as_posix()}, column {column}",
                "licence": "the user's own",
                "unit": "",
            }
            table[column].rename("value").to_csv(destination / f"{name}.csv")
    return {"sample": False, "parts": series, "unreadable": readings.unreadable}


def slug(name: str) -> str:
    """A column's or file's name as the name of a series."""
    return re.sub(r"\W+", "_", name.strip().lower()).strip("_") or "series"


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
