"""Daily open, high, low, close and volume, under the names that exporting sites give them."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.errors import InputError
from pipelines.params.tables import TableCollect
from pipelines.printing import quoted
from pipelines.sources import files, tables

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume")
ADJUSTED = "adj close"
SPELLED = {
    "open": ("open", "openprice", "otwarcie"),
    "high": ("high", "highprice", "najwyzszy"),
    "low": ("low", "lowprice", "najnizszy"),
    "close": ("close", "closeprice", "last", "closelast", "price", "zamkniecie"),
    "volume": ("volume", "vol", "wolumen", "tickvol", "totaltradequantity"),
    ADJUSTED: (
        "adjclose",
        "adjustedclose",
        "closeadj",
        "closeadjusted",
        "adjustedcloseprice",
        "adjcloseprice",
        "adjusted",
    ),
}
"""How exports spell a column, in small letters alone, the likeliest first."""
BINANCE = (
    *("open_time", "open", "high", "low", "close", "volume"),
    *("close_time", "quote_volume", "trades", "taker_base_volume", "taker_quote_volume", "ignore"),
)
"""Columns of Binance's files of candlesticks, which have no header."""
LEAST = 1e-15
"""Of a price, in any currency; ratios of smaller ones are not finite."""


def symbol(name: str, where: str) -> str:
    """The symbol that a file's name (or an option) stands for, short enough for the name of a file; raise `InputError` if it is blank."""
    if not name.strip():
        raise InputError(f"{where}: the symbol is blank; name the file, or --symbol, as the prices are called")
    return files.output_name(name.strip().lower(), "")


def read(path: Path, params: TableCollect, on_note: Callable[[str], None] = lambda _: None) -> pd.DataFrame:
    """One symbol's days: `open high low close volume`, adjusted where the file has an adjusted close.

    Raise `InputError` with file and column or day if a column is missing or a price is impossible, and for steps other than days.
    """
    return check(tables.read(path, params.dates, params.decimal, on_note, _binance), path.as_posix(), on_note)


def _binance(row: Sequence[str]) -> Sequence[str] | None:
    """The columns of a first row that is one of Binance's candlesticks, closed just before the next one opens."""
    if len(row) != len(BINANCE) or not (row[0].isdigit() and row[6].isdigit()):
        return None
    return BINANCE if 13 <= len(row[0]) <= 16 and 0 < int(row[6]) - int(row[0]) < int(row[0]) / 100 else None


def check(table: pd.DataFrame, where: str, on_note: Callable[[str], None] = lambda _: None) -> pd.DataFrame:
    """The columns of `table` under their usual names, checked for impossible prices; days without any price are left out."""
    table = _named(table, where)
    if "volume" not in table:
        table["volume"] = np.nan
    prices = table[[*PRICES, *([ADJUSTED] if ADJUSTED in table else [])]]
    empty = prices.isna().all(axis=1)
    if empty.any():
        first = _day(table.index[int(empty.to_numpy().argmax())])
        on_note(
            f"{where}: without prices, left out: {first}{f' and {int(empty.sum()) - 1} more days' * int(empty.sum() > 1)}"
        )
        table, prices = table[~empty], prices[~empty]
    wrong = ~(prices >= LEAST)
    if wrong.to_numpy().any():
        row, column = np.argwhere(wrong.to_numpy())[0]
        value = prices.iloc[row, column]
        what = "is missing" if np.isnan(value) else f"is {value}; prices are positive, {LEAST:g} at least"
        raise InputError(
            f"{where}, {_day(table.index[row])}: {prices.columns[column]} {what}: leave the day out or correct it"
        )
    if ADJUSTED in table:  # dividends and splits move the other prices too
        factor = table[ADJUSTED] / table["close"]
        table = table.assign(**{name: table[name] * factor for name in PRICES})
    order = table["high"] < table["low"] * (1 - 1e-9)
    if order.any():
        day = _day(table.index[int(order.to_numpy().argmax())])
        raise InputError(f"{where}, {day}: the high lies below the low; correct that day")
    _check_step(pd.DatetimeIndex(table.index), where)
    return table[list(COLUMNS)]


def _named(table: pd.DataFrame, where: str) -> pd.DataFrame:
    """The columns that are prices or volumes, under their usual names."""
    plain: dict[str, list[str]] = {}
    for column in table.columns:
        word = re.sub(r"^[0-9]+[a-z]?\. |\(.*\)|[^a-z]", "", str(column).strip().lower())
        plain.setdefault(word, []).append(column)
    found = {}
    for name, words in SPELLED.items():
        if not (known := [word for word in words if word in plain]):
            continue
        word = known[0]
        if len(plain[word]) > 1:
            one, other = plain[word][:2]
            raise InputError(
                f"{where}: the columns {quoted(one)} and {quoted(other)} may both be the {name}; remove one"
            )
        found[name] = plain[word][0]
    missing = [name for name in PRICES if name not in found]
    if missing:
        raise InputError(f"{where}: has no column {missing[0]!r}; a price file has {', '.join(COLUMNS)}")
    return table[list(found.values())].set_axis(list(found), axis=1)


def _check_step(dates: pd.DatetimeIndex, where: str) -> None:
    """Raise `InputError` for prices that are not daily: horizons, annual factors and baselines are those of days."""
    if len(dates) < 3:
        return
    apart = np.median(np.diff(dates.as_unit("s").asi8)) / 86400
    if not 0.8 < apart < 4.5:
        what = (
            "several rows a day"
            if apart < 1
            else "a row a month"
            if apart > 20
            else "a row a week"
            if apart > 6
            else "a row every few days"
        )
        raise InputError(
            f"{where}: has {what}, and finance reads daily prices; export daily ones, or use the task timeseries"
        )


def _day(date: pd.Timestamp) -> str:
    return str(date).removesuffix(" 00:00:00")
