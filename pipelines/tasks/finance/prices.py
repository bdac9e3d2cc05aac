"""Daily open, high, low, close and volume, as Yahoo and Stooq export them."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.errors import InputError
from pipelines.sources import files, tables

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume")
LEAST = 1e-15
"""Of a price, in any currency; ratios of smaller ones are not finite."""


def symbol(name: str, where: str) -> str:
    """The symbol that a file's name (or an option) stands for, short enough for the name of a file; raise `InputError` if it is blank."""
    if not name.strip():
        raise InputError(f"{where}: the symbol is blank; name the file, or --symbol, as the prices are called")
    return files.output_name(name.strip().lower(), "")


def read(path: Path) -> pd.DataFrame:
    """One symbol's days: `open high low close volume`, adjusted where the file has an adjusted close.

    Raise `InputError` with file and column or day if a column is missing or a price is impossible.
    """
    return check(tables.read(path), path.as_posix())


def check(table: pd.DataFrame, where: str) -> pd.DataFrame:
    """The columns of `table` under their usual names, checked for impossible prices."""
    table = table.rename(columns={name: str(name).strip().lower() for name in table.columns})
    missing = [name for name in COLUMNS if name not in table and name != "volume"]
    if missing:
        raise InputError(f"{where}: has no column {missing[0]!r}; a price file has {', '.join(COLUMNS)}")
    if "volume" not in table:
        table["volume"] = np.nan
    prices = table[[*PRICES, *(["adj close"] if "adj close" in table else [])]]
    wrong = ~(prices >= LEAST)
    if wrong.to_numpy().any():
        row, column = np.argwhere(wrong.to_numpy())[0]
        day = table.index[row].date()
        raise InputError(
            f"{where}, {day}: {prices.columns[column]} is {prices.iloc[row, column]}; prices are positive, "
            f"{LEAST:g} at least: leave the day out or correct it"
        )
    if "adj close" in table:  # dividends and splits move the other prices too
        factor = table["adj close"] / table["close"]
        table = table.assign(**{name: table[name] * factor for name in PRICES})
    order = table["high"] < table["low"] * (1 - 1e-9)
    if order.any():
        day = table.index[int(order.to_numpy().argmax())].date()
        raise InputError(f"{where}, {day}: the high lies below the low; correct that day")
    return table[list(COLUMNS)]
