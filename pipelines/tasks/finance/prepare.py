"""From daily prices to windows: indicators, targets, splits by date with an embargo, scaling per symbol."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from pipelines import artifacts
from pipelines.contract import SPLITS, Source, Split
from pipelines.errors import InputError
from pipelines.nn.datasets import Windows
from pipelines.tasks.finance.data import WARM_UP, Meta, Prices, Scaler, days_a_week_of, indicators, scale
from pipelines.tasks.finance.params import Prepare


def prepare(raw: Path, params: Prepare, destination: Path) -> Meta:
    """Write the windows of each target and one table of all symbols; raise `InputError` for unusable prices."""
    source = artifacts.read(raw / "source.json", Source)
    tables: list[pd.DataFrame] = []
    scalers: dict[str, Scaler] = {}
    origins: dict[str, list[Any]] = {split: [] for split in SPLITS}
    targets: dict[str, list[Any]] = {name: [] for name in params.targets}
    views = {name: _view(name, raw / f"{name}.csv", params) for name in sorted(source.parts)}
    features, left_out = _common_features(views, params.min_observed)
    start = 0
    for name, view in views.items():
        seen = view["features"].loc[view["split"] == "train", features]
        returns = view["return"].to_numpy()
        train = returns[(view["split"] == "train").to_numpy()]
        if train.std() < 1e-9:
            raise InputError(f"{name}: its price is constant over the training part; leave the symbol out")
        scaler = scalers[name] = Scaler(
            float(train.mean()),
            float(train.std()),
            float((train**2).mean()),
            seen.mean().tolist(),
            seen.std().tolist(),
            view["days_a_week"],
        )
        view["scaled"] = scale(view["features"][features], scaler)
        ahead = np.stack([np.roll(returns, -step) for step in range(1, params.horizon + 1)], axis=1)
        # The last rows have no future; no window ends there.
        if "returns" in targets:
            targets["returns"].append((ahead - scaler.mean) / scaler.std)
        if "volatility" in targets:
            targets["volatility"].append((ahead**2).mean(1, keepdims=True) / scaler.variance)
        for split, rows in _origins(view["split"].to_numpy(), params, name).items():
            origins[split].append(rows + start)
        tables.append(view["table"].assign(symbol=name, split=view["split"], **{"return": view["return"]}))
        start += len(returns)
    table = pd.concat(tables).rename_axis("date").reset_index()
    matrix = np.concatenate([view["scaled"] for view in views.values()])
    table["row"] = np.arange(len(table))
    destination.mkdir(exist_ok=True)
    table.to_parquet(destination / "table.parquet", index=False)
    pd.DataFrame(matrix, columns=features).to_parquet(destination / "scaled.parquet", index=False)
    rows = {split: np.concatenate(parts) for split, parts in origins.items()}
    splits = {
        split: Split(
            len(rows[split]),
            f"{table['date'][rows[split] + 1].min().date()} to {table['date'][rows[split] + params.horizon].max().date()}",
        )
        for split in SPLITS
    }
    outputs = {
        "returns": [f"+{k} day{'s' if k > 1 else ''}" for k in range(1, params.horizon + 1)],
        "volatility": [f"next {params.horizon} days"],
    }
    for target, parts in targets.items():
        Windows.save(destination / target, matrix, np.concatenate(parts), rows)
    return Meta(
        {
            target: Prices(
                features=features,
                outputs=outputs[target],
                lookback=params.lookback,
                step="day",
                rows=len(table),
                splits=splits,
                left_out=left_out,
                horizon=params.horizon,
                symbols=scalers,
            )
            for target in targets
        },
        "Dates are those of the targets. Scaling is fitted on the training part alone; no training and no choice sees the test part.",
    )


def _view(name: str, path: Path, params: Prepare) -> dict[str, Any]:
    """One symbol's days, indicators, returns and splits, without the indicators' warm-up."""
    table = pd.read_csv(path, index_col="date", parse_dates=["date"])
    days_a_week = days_a_week_of(cast(pd.DatetimeIndex, table.index))
    features = indicators(table, days_a_week)
    returns = np.log(table["close"]).diff()
    if len(table) <= WARM_UP:
        raise InputError(f"{name}: has {len(table)} days; the indicators alone need {WARM_UP}: add earlier days")
    table, features, returns = (part.iloc[WARM_UP:] for part in (table, features, returns))
    dates = cast(pd.DatetimeIndex, table.index)
    split = pd.Series("train", dates)
    split[dates >= pd.Timestamp(params.valid_start)] = "valid"
    split[dates >= pd.Timestamp(params.test_start)] = "test"
    for part in SPLITS:
        if not (split == part).any():
            raise InputError(
                f"{name}: has no days for {part} (it runs from {dates[0].date()} to {dates[-1].date()}); change "
                "finance.prepare.valid_start and test_start, or add days"
            )
    return {"table": table, "features": features, "return": returns, "split": split, "days_a_week": days_a_week}


def _common_features(views: dict[str, Any], min_observed: float) -> tuple[list[str], dict[str, str]]:
    """Features observed on enough training days of every symbol, and why the others are left out."""
    left_out = {}
    names = list(dict.fromkeys(name for view in views.values() for name in view["features"]))
    for name in names:
        for symbol, view in views.items():
            training = view["features"].reindex(columns=[name])[name][view["split"] == "train"]
            observed = float(training.notna().mean())
            if observed < min_observed:
                left_out[name] = f"observed on {observed:.0%} of the training days of {symbol}"
            elif training.std() < 1e-12:
                left_out[name] = f"constant over the training days of {symbol}"
    return [name for name in names if name not in left_out], left_out


def _origins(split: Any, params: Prepare, name: str) -> dict[str, Any]:
    """Rows of one symbol at which windows end: all targets inside the split, and `horizon` days of embargo after it."""
    result = {}
    for part in SPLITS:
        rows = np.flatnonzero(split == part)
        first = max(params.lookback - 1, rows[0] - 1)
        embargo = 0 if part == "test" else params.horizon
        origins = np.arange(first, rows[-1] - params.horizon - embargo + 1)
        result[part] = origins[:: params.stride] if part == "train" else origins
        if not len(origins):
            raise InputError(
                f"{name}: {len(rows)} days of {part} leave no window of {params.lookback} + {params.horizon} days and the "
                "embargo; add days, or lower finance.prepare.lookback or horizon"
            )
    return result
