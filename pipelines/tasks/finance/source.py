"""Where the prices come from: two indices out of a package, or the user's own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.errors import InputError
from pipelines.params.blocks import WindowSource
from pipelines.sources import files, prices

SAMPLES = {
    "sp500": "S&P 500, daily, 1999–2018 (Yahoo Finance); arch.data.sp500",
    "nasdaq": "NASDAQ Composite, daily, 1999–2018 (Yahoo Finance); arch.data.nasdaq",
}
LICENCE = "as distributed with arch (NCSA); quotations are facts"


def collect(source: WindowSource, dropped: Sequence[Path], destination: Path) -> dict[str, Any]:
    """Write each symbol to `<symbol>.csv`; the sample also brings the VIX, where it exists.

    Raise `InputError` if too many files are unreadable.
    """
    if not dropped:
        return _collect_samples(source, destination)
    readings = files.read_all(dropped, prices.read, source.max_unreadable)
    symbols = {}
    for path, table in readings.values.items():
        name = path.stem.strip().lower()
        if name in symbols:
            raise InputError(f"{path}: there is another file for the symbol {name!r}; keep one file a symbol")
        symbols[name] = {"origin": path.as_posix(), "licence": "the user's own"}
        table.to_csv(destination / f"{name}.csv")
    return {"sample": False, "parts": symbols, "unreadable": readings.unreadable}


def _collect_samples(source: WindowSource, destination: Path) -> dict[str, Any]:
    from importlib import import_module

    vix = import_module("arch.data.vix").load()["vix"]
    for name in source.samples:
        table = prices.check(import_module(f"arch.data.{name}").load(), f"arch.data.{name}")
        table.rename_axis("date").join(vix).to_csv(destination / f"{name}.csv")
    symbols = {name: {"origin": SAMPLES[name], "licence": LICENCE} for name in source.samples}
    return {"sample": True, "parts": symbols, "unreadable": []}
