"""Where the series come from: two of nature out of packages, or the user's own."""

import gzip
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pandas as pd

from pipelines.params.blocks import WindowSource
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


def collect(source: WindowSource, dropped: Sequence[Path], destination: Path) -> dict[str, Any]:
    """Write each series to `<series>.csv` (date, value).

    From dropped files every numeric column is a series. Raise `InputError` if too many files are unreadable.
    """
    if not dropped:
        for name in source.samples:
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
