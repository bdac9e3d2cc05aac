"""Where the prices come from: two indices from a package, or the user's own files."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipelines.contract import Source
from pipelines.errors import InputError
from pipelines.params.tables import TableCollect
from pipelines.sources import files
from pipelines.tasks.finance import prices

SAMPLES = {
    "sp500": "S&P 500, daily, 1999–2018 (Yahoo Finance); arch.data.sp500",
    "nasdaq": "NASDAQ Composite, daily, 1999–2018 (Yahoo Finance); arch.data.nasdaq",
}
LICENCE = "as distributed with arch (NCSA); quotations are facts"


def collect(params: TableCollect, dropped: Sequence[Path], destination: Path) -> Source:
    """Write each symbol to `<symbol>.csv`; the sample also brings the VIX, where it exists.

    Raise `InputError` if too many files are unreadable.
    """
    if not dropped:
        return _collect_samples(params, destination)
    notes: list[str] = []

    def read(path: Path) -> tuple[str, pd.DataFrame]:
        own: list[str] = []
        symbol, table = prices.symbol(path.stem, str(path)), prices.read(path, params, own.append)
        notes.extend(own)
        return symbol, table

    readings = files.read_all(dropped, read, params.max_unreadable)
    symbols = {}
    for path, (name, table) in readings.values.items():
        if name in symbols:
            raise InputError(f"{path}: there is another file for the symbol {name!r}; keep one file a symbol")
        symbols[name] = {"origin": path.as_posix(), "licence": "the user's own"}
        table.to_csv(destination / f"{name}.csv")
    return Source(False, symbols, readings.unreadable, notes)


def _collect_samples(params: TableCollect, destination: Path) -> Source:
    from importlib import import_module

    vix = import_module("arch.data.vix").load()["vix"]
    for name in params.samples:
        table = prices.check(import_module(f"arch.data.{name}").load(), f"arch.data.{name}")
        table.rename_axis("date").join(vix).to_csv(destination / f"{name}.csv")
    symbols = {name: {"origin": SAMPLES[name], "licence": LICENCE} for name in params.samples}
    return Source(True, symbols)
