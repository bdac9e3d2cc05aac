"""Where the series come from: two natural ones from packages, or the user's own."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pandas as pd

from pipelines import names
from pipelines.contract import Source
from pipelines.errors import InputError
from pipelines.params.blocks import Collect
from pipelines.printing import quoted
from pipelines.sources import archives, files, tables


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


def collect(params: Collect, dropped: Sequence[Path], destination: Path) -> Source:
    """Write each series to `<series>.csv` (date, value).

    From dropped files every numeric column is a series. Raise `InputError` if too many files are unreadable.
    """
    if not dropped:
        for name in params.samples:
            load, _ = SAMPLES[name]
            load().rename("value").rename_axis("date").to_csv(destination / f"{name}.csv")
        return Source(True, {name: SAMPLES[name][1] for name in params.samples})

    series: dict[str, dict[str, str]] = {}

    def write(path: Path) -> int:
        """One table at a time is in memory."""
        table = tables.read(path)
        own: dict[str, Any] = {}
        for column in table.columns:
            plain = str(column).lower() in ("value", "values", "y")
            name = names.slug(path.stem if plain and len(table.columns) == 1 else str(column))
            if name in own or name in series:
                name = names.slug(f"{path.stem}_{column}")
            if name in own or name in series:
                other = f"the column {quoted(own[name])}" if name in own else series[name]["origin"]
                raise InputError(
                    f"{path}: the series of the column {quoted(column)} would be called {name}, as is that of {other}; "
                    "give the column another name"
                )
            own[name] = column
        for name, column in own.items():
            series[name] = {
                "origin": f"{path.as_posix()}, column {column}",
                "licence": "the user's own",
                "unit": "",
                "table": path.as_posix(),
                "column": str(column),
            }
            table[column].rename("value").to_csv(destination / f"{name}.csv")
        return len(table)

    readings = files.read_all(dropped, write, params.max_unreadable)
    return Source(False, series, readings.unreadable)
