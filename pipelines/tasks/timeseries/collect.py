"""Where the series come from: two natural ones from packages, or the user's own."""

import gzip
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import cast

import pandas as pd

from pipelines import names
from pipelines.contract import Source
from pipelines.params.tables import TableCollect
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

PLAIN = ("value", "values", "y")
"""Names of a file's only column that say nothing: its series is called as the file."""
UNNAMED = ".unnamed"


def collect(params: TableCollect, dropped: Sequence[Path], destination: Path) -> Source:
    """Write each series to `<series>.csv` (date, value).

    From dropped files every numeric column is a series. Raise `InputError` if too many files are unreadable.
    """
    if not dropped:
        for name in params.samples:
            load, _ = SAMPLES[name]
            load().rename("value").rename_axis("date").to_csv(destination / f"{name}.csv")
        return Source(True, {name: SAMPLES[name][1] for name in params.samples})

    notes: list[str] = []
    found: list[tuple[Path, str]] = []

    def write(path: Path) -> int:
        """One table at a time is in memory."""
        own: list[str] = []
        table = tables.read(path, params.dates, params.decimal, own.append)
        for column in map(str, table.columns):
            found.append((path, column))
            table[column].rename("value").to_csv(destination / f"{len(found) - 1}{UNNAMED}")
        notes.extend(own)
        return len(table)

    readings = files.read_all(dropped, write, params.max_unreadable)
    series: dict[str, dict[str, str]] = {}
    for index, name in enumerate(_names(found)):
        path, column = found[index]
        (destination / f"{index}{UNNAMED}").rename(destination / f"{name}.csv")
        series[name] = {
            "origin": f"{path.as_posix()}, column {column}",
            "licence": "the user's own",
            "unit": "",
            "table": path.as_posix(),
            "file": path.stem,
            "column": column,
        }
    return Source(False, series, readings.unreadable, notes)


def _names(found: Sequence[tuple[Path, str]]) -> list[str]:
    """A name for each column of each file: the column's if no other has it, else the file's and the column's."""
    plain = [
        names.slug(path.stem if column.lower() in PLAIN and [other for other, _ in found].count(path) == 1 else column)
        for path, column in found
    ]
    result: list[str] = []
    for (path, column), name in zip(found, plain, strict=True):
        name = name if plain.count(name) == 1 else names.slug(f"{path.stem}_{column}")
        result.append(next(other for other in _numbered(name) if other not in result))
    return result


def _numbered(name: str) -> Iterator[str]:
    """The name, and then with 2, 3, … for others that become the same word."""
    yield name
    yield from (names.slug(f"{name}_{number}") for number in count(2))
