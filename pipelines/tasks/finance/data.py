"""From daily prices to windows: indicators, targets, splits by date with an embargo, scaling per symbol."""

from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines import artifacts
from pipelines.contract import SPLITS, Meta, Suite
from pipelines.errors import InputError
from pipelines.nn.datasets import Windows
from pipelines.params.finance import FinanceData, FinanceValidation

WARM_UP = 60
"""Days that the slowest indicator needs before it means something."""


# Prepare


def indicators(table: pd.DataFrame) -> pd.DataFrame:
    """What the network sees of a day, all known at its close. Logarithms and ratios, so that no price level remains."""
    close, high, low, volume = (
        np.log(table[name].where(table[name] > 0)) for name in ("close", "high", "low", "volume")
    )
    returns = close.diff()
    gain, loss = returns.clip(lower=0), -returns.clip(upper=0)
    smooth_gain, smooth_loss = (part.ewm(alpha=1 / 14, min_periods=14).mean() for part in (gain, loss))
    macd = close.ewm(span=12).mean() - close.ewm(span=26).mean()
    dates = cast(pd.DatetimeIndex, table.index)
    columns = {
        "return": returns,
        "range": high - low,
        "overnight": np.log(table["open"]) - close.shift(),
        "intraday": close - np.log(table["open"]),
        "volatility 5": np.log(returns.rolling(5).std() + 1e-4),
        "volatility 22": np.log(returns.rolling(22).std() + 1e-4),
        "volume change": volume.diff(),
        "volume level": volume - volume.rolling(22).mean(),
        "close to average 10": close - close.rolling(10).mean(),
        "close to average 50": close - close.rolling(50).mean(),
        "RSI 14": 100 * smooth_gain / (smooth_gain + smooth_loss),
        "MACD": macd,
        "MACD signal": macd - macd.ewm(span=9).mean(),
        "weekday sine": pd.Series(np.sin(2 * np.pi * dates.day_of_week / 5), dates),
        "weekday cosine": pd.Series(np.cos(2 * np.pi * dates.day_of_week / 5), dates),
        "month sine": pd.Series(np.sin(2 * np.pi * dates.month / 12), dates),
        "month cosine": pd.Series(np.cos(2 * np.pi * dates.month / 12), dates),
    }
    if "vix" in table:
        columns["VIX"] = np.log(table["vix"])
    return pd.DataFrame(columns)


def prepare(raw: Path, data: FinanceData, destination: Path) -> Meta:
    """Write the windows of each target and one table of all symbols; raise `InputError` for prices of no use."""
    source = artifacts.read_json(raw / "source.json")
    tables, scalers = [], {}
    origins: dict[str, list[Any]] = {split: [] for split in SPLITS}
    targets: dict[str, list[Any]] = {name: [] for name in data.targets}
    views = {name: _view(name, raw / f"{name}.csv", data) for name in sorted(source["parts"])}
    features, left_out = _common_features(views, data.min_observed)
    start = 0
    for name, view in views.items():
        seen = view["features"].loc[view["split"] == "train", features]
        spread = {"features_mean": seen.mean().tolist(), "features_std": seen.std().tolist()}
        view["scaled"] = scale(view["features"][features], spread)
        returns = view["return"].to_numpy()
        train = returns[(view["split"] == "train").to_numpy()]
        if train.std() < 1e-9:
            raise InputError(f"{name}: its price is constant over the training part; leave the symbol out")
        scalers[name] = {
            **spread,
            "mean": float(train.mean()),
            "std": float(train.std()),
            "variance": float((train**2).mean()),
        }
        ahead = np.stack([np.roll(returns, -step) for step in range(1, data.horizon + 1)], axis=1)
        # The last rows have no future; no window's origin lies there.
        if "returns" in targets:
            targets["returns"].append((ahead - scalers[name]["mean"]) / scalers[name]["std"])
        if "volatility" in targets:
            targets["volatility"].append((ahead**2).mean(1, keepdims=True) / scalers[name]["variance"])
        for split, rows in _origins(view["split"].to_numpy(), data, name).items():
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
    about = {
        "features": features,
        "left_out": left_out,
        "lookback": data.lookback,
        "horizon": data.horizon,
        "step": "day",
        "rows": len(table),
        "symbols": {name: {**source["parts"][name], "scaler": scalers[name]} for name in views},
        "splits": {
            split: {
                "windows": len(rows[split]),
                "note": f"{table['date'][rows[split] + 1].min().date()} to "
                f"{table['date'][rows[split] + data.horizon].max().date()}",
            }
            for split in SPLITS
        },
    }
    outputs = {
        "returns": [f"+{k} day{'s' if k > 1 else ''}" for k in range(1, data.horizon + 1)],
        "volatility": [f"next {data.horizon} days"],
    }
    for target, parts in targets.items():
        Windows.save(destination / target, matrix, np.concatenate(parts), rows)
    return {
        "targets": {target: {**about, "outputs": outputs[target]} for target in targets},
        "splitting": "Dates are those of the targets. Scaling is fitted on the training part alone; no training and no choice sees the "
        "test part.",
    }


def _view(name: str, path: Path, data: FinanceData) -> dict[str, Any]:
    """One symbol's days, indicators, returns and splits, without the indicators' warm-up."""
    table = pd.read_csv(path, index_col="date", parse_dates=["date"])
    features = indicators(table)
    returns = np.log(table["close"]).diff()
    if len(table) <= WARM_UP:
        raise InputError(f"{name}: has {len(table)} days; the indicators alone need {WARM_UP}: add earlier days")
    table, features, returns = (part.iloc[WARM_UP:] for part in (table, features, returns))
    dates = cast(pd.DatetimeIndex, table.index)
    split = pd.Series("train", dates)
    split[dates >= pd.Timestamp(data.valid_start)] = "valid"
    split[dates >= pd.Timestamp(data.test_start)] = "test"
    for part in SPLITS:
        if not (split == part).any():
            raise InputError(
                f"{name}: has no days for {part} (it runs from {dates[0].date()} to {dates[-1].date()}); change "
                "finance.data.valid_start and test_start, or add days"
            )
    return {"table": table, "features": features, "return": returns, "split": split}


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


def scale(features: pd.DataFrame, scaler: dict[str, Any]) -> NDArray[np.float32]:
    """Standardised by the training days' mean and deviation; what is missing becomes 0, the training mean."""
    scaled = (features - scaler["features_mean"]) / scaler["features_std"]
    return scaled.ffill().fillna(0.0).to_numpy(np.float32)


def _origins(split: Any, data: FinanceData, name: str) -> dict[str, Any]:
    """Rows of one symbol at which windows end: all targets inside the split, and `horizon` days of embargo after it."""
    result = {}
    for part in SPLITS:
        rows = np.flatnonzero(split == part)
        first = max(data.lookback - 1, rows[0] - 1)
        embargo = 0 if part == "test" else data.horizon
        origins = np.arange(first, rows[-1] - data.horizon - embargo + 1)
        result[part] = origins[:: data.stride] if part == "train" else origins
        if not len(origins):
            raise InputError(
                f"{name}: {len(rows)} days of {part} leave no window of {data.lookback} + {data.horizon} days and the "
                "embargo; add days, or lower finance.data.lookback or horizon"
            )
    return result


def datasets(prepared: Path, target: str) -> dict[str, Windows]:
    """Windows of all symbols: inputs (lookback, features); targets (horizon,) scaled returns or (1,) scaled variance."""
    meta = artifacts.read_json(prepared / "meta.json")["targets"][target]
    return Windows.open(prepared / target, meta["lookback"])


# Validate


def expectations(prepared: Path, meta: Meta, validation: FinanceValidation) -> list[Suite]:
    """Prices that can be, returns within reason, ordered days, scaled features, and an embargo between splits."""
    import great_expectations.expectations as gxe

    about = next(iter(meta["targets"].values()))
    table = pd.read_parquet(prepared / "table.parquet")
    scaled = pd.read_parquet(prepared / "scaled.parquet")
    positive = [
        gxe.ExpectColumnValuesToBeBetween(column=name, min_value=0, strict_min=True)
        for name in ("open", "high", "low", "close")
    ]
    limit = validation.max_abs_return
    fewest, most = validation.up_days
    table["rises"] = (table["return"] > 0).astype(float)
    suites = [
        Suite(
            str(symbol),
            days,
            [
                *positive,
                gxe.ExpectColumnValuesToBeOfType(column="close", type_="float64"),
                gxe.ExpectColumnValuesToBeIncreasing(column="date", strictly=True),
                gxe.ExpectColumnValuesToBeUnique(column="date"),
                gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="high", column_B="low", or_equal=True),
                gxe.ExpectColumnValuesToBeBetween(column="return", min_value=-limit, max_value=limit),
                gxe.ExpectColumnMeanToBeBetween(column="rises", min_value=fewest, max_value=most),
                gxe.ExpectColumnValuesToBeInSet(column="split", value_set=list(SPLITS)),
            ],
        )
        for symbol, days in table.groupby("symbol", sort=True)
    ]
    bound = validation.max_abs_scaled
    complete = [gxe.ExpectColumnValuesToNotBeNull(column=name) for name in scaled.columns]
    bounded = [
        gxe.ExpectColumnValuesToBeBetween(column=name, min_value=-bound, max_value=bound) for name in scaled.columns
    ]
    suites.append(Suite("features, as the network sees them", scaled, [*complete, *bounded]))
    suites.append(_borders(prepared, meta, table, about["horizon"]))
    return suites


def _borders(prepared: Path, meta: Meta, table: pd.DataFrame, horizon: int) -> Suite:
    """Between the last target of one split and the first of the next lie at least `horizon` days, for every symbol."""
    import great_expectations.expectations as gxe

    folder = prepared / next(iter(meta["targets"]))
    pairs = []
    for symbol, days in table.groupby("symbol", sort=True):
        rows = {
            split: [row for row in np.load(folder / f"{split}.npy") if days["row"].min() <= row <= days["row"].max()]
            for split in SPLITS
        }
        pairs += [
            {
                "symbol": symbol,
                "split": after,
                "first_target": rows[after][0] + 1,
                "end_of_embargo": rows[before][-1] + 2 * horizon,
            }
            for before, after in pairwise(SPLITS)
        ]
    return Suite(
        "embargo between splits",
        pd.DataFrame(pairs),
        [gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="first_target", column_B="end_of_embargo")],
    )
