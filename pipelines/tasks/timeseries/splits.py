"""The parts of a series, and the windows that lie in each."""

from typing import Any

import numpy as np
import pandas as pd

from pipelines.contract import SPLITS
from pipelines.errors import InputError
from pipelines.tasks.timeseries import columns
from pipelines.tasks.timeseries.params import Prepare


def borders_of(steps: int, params: Prepare) -> dict[str, int]:
    """The first row of each part; `end` is the number of steps."""
    test, valid = (round(steps * share) for share in (params.test_share, params.valid_share))
    return {"train": 0, "valid": steps - test - valid, "test": steps - test, "end": steps}


def origins_of(
    values: "pd.Series[float]", borders: dict[str, int], lag: int, lookback: int, params: Prepare, where: str
) -> tuple[dict[str, Any], int]:
    """Of the windows of each split, without those over gaps that are too long; and how many these are."""
    every = window_origins(borders, lag + lookback - 1, params.horizon)
    missing = values.isna()
    runs = missing.groupby((~missing).cumsum()).transform("sum").to_numpy()
    before = np.append(0, np.cumsum(missing.to_numpy() & (runs > params.max_gap)))
    origins = {
        split: rows[before[rows + params.horizon + 1] == before[rows - lag - lookback + 1]]
        for split, rows in every.items()
    }
    for split, rows in origins.items():
        if not len(every[split]):
            raise InputError(
                f"{where}: {len(values)} rows leave no window of {lookback} + {params.horizon} steps for {split}; "
                "add rows, or lower timeseries.prepare.lookback, horizon or difference_lag"
            )
        if not len(rows):
            count, end = columns.longest_gap(values)
            raise InputError(
                f"{where}: {count} values in a row are missing up to {end.date()}; at most {params.max_gap} are carried "
                f"forward (timeseries.prepare.max_gap), and no window is left for {split}: fill them, or use the part before or after"
            )
    return origins, sum(len(every[split]) - len(origins[split]) for split in SPLITS)


def window_origins(borders: dict[str, int], first: int, horizon: int) -> dict[str, Any]:
    """Origins of each split's windows: every target of a window lies inside its split.

    `borders` maps each split, and `end`, to its first row; `first` is the first origin with a full window behind it.
    """
    ends = (borders["valid"], borders["test"], borders["end"])
    return {
        split: np.arange(max(first, borders[split] - 1), end - horizon, dtype=np.int64)
        for split, end in zip(SPLITS, ends, strict=True)
    }
