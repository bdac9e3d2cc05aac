"""The prepared prices: their metadata, their windows, and the inputs of a network."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines import contract
from pipelines.nn.datasets import Windows

WARM_UP = 60
"""Days that the slowest indicator needs before its values are valid."""
TRADING_DAYS = {5: 252, 7: 365}
"""In a year, by days in a week."""


@dataclass(frozen=True)
class Scaler:
    """Of one symbol, over its training days."""

    mean: float
    """Of daily log returns."""
    std: float
    variance: float
    features_mean: list[float]
    features_std: list[float]
    days_a_week: int
    """5, or 7 for markets that never close."""

    @property
    def days_a_year(self) -> int:
        """Trading days."""
        return TRADING_DAYS[self.days_a_week]


@dataclass(frozen=True)
class Prices(contract.Target):
    """Returns or volatility of all symbols."""

    horizon: int
    """Days."""
    symbols: dict[str, Scaler]


@dataclass(frozen=True)
class Meta(contract.Meta):
    """`meta.json`."""

    targets: dict[str, Prices]


def datasets(prepared: Path, meta: Meta, target: str) -> dict[str, Windows]:
    """Windows of all symbols: inputs (lookback, features); targets (horizon,) scaled returns or (1,) scaled variance."""
    return Windows.open(prepared / target, meta.targets[target].lookback)


def days_a_week_of(dates: pd.DatetimeIndex) -> int:
    """7 for markets that never close, else 5."""
    return 7 if (dates.day_of_week >= 5).mean() > 0.1 else 5


def indicators(table: pd.DataFrame, days_a_week: int) -> pd.DataFrame:
    """The network's inputs of each day, all known at its close. Logarithms and ratios, so that no price level remains."""
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
        "weekday sine": pd.Series(np.sin(2 * np.pi * dates.day_of_week / days_a_week), dates),
        "weekday cosine": pd.Series(np.cos(2 * np.pi * dates.day_of_week / days_a_week), dates),
        "month sine": pd.Series(np.sin(2 * np.pi * dates.month / 12), dates),
        "month cosine": pd.Series(np.cos(2 * np.pi * dates.month / 12), dates),
    }
    if "vix" in table:
        columns["VIX"] = np.log(table["vix"])
    return pd.DataFrame(columns)


def scale(features: pd.DataFrame, scaler: Scaler) -> NDArray[np.float32]:
    """Standardised by the training days' mean and deviation; what is missing becomes 0, the training mean."""
    scaled = (features - scaler.features_mean) / scaler.features_std
    return scaled.ffill().fillna(0.0).to_numpy(np.float32)
