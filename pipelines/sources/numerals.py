"""Numbers as people write them: which mark is the decimal one is decided from the whole file, or refused."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from pipelines.errors import InputError
from pipelines.printing import quoted
from pipelines.sources.fields import MISSING

GREATEST = 1e30
"""Magnitude of a value. Squares of far larger ones overflow 64 bits; forecasts of them, which are kept in 32 bits, overflow earlier."""
Decimal = Literal[".", ","]
Place = Callable[[int], str]
"""From a row, counted from 0, to where it is in the file."""
LONGEST = 300
"""Characters of a number that Python's and pandas' own readers take."""
FEW = 20
"""Numbers with a comma: fewer show nothing."""
PLAIN = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
MARKED = re.compile(r"[-+]?[0-9][0-9., ']*(?:[eE][-+]?[0-9]+)?")
"""A number, or several marks between digits that may make one."""
PROOF = (
    "[-+]?(?:[0-9]{{1,3}}(?:{0}[0-9]{{3}}){{2,}}|[0-9]{{1,3}}(?:{0}[0-9]{{3}})+{1}[0-9]*|[0-9]*{1}(?:[0-9]{{1,2}}|[0-9]{{4,}})|0?{1}[0-9]+|"
    "[0-9]{{4,}}{1}[0-9]*)(?:[eE].*)?"
)
PROOFS: dict[Decimal, re.Pattern[str]] = {
    ".": re.compile(PROOF.format(",", r"\.")),
    ",": re.compile(PROOF.format(r"\.", ",")),
}
"""What can be read in one way only."""
GROUPED: dict[Decimal, re.Pattern[str]] = {
    ".": re.compile(r"[-+]?(?:[0-9]{1,3}(?:[, '][0-9]{3})+|[0-9]+|(?=\.))(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?"),
    ",": re.compile(r"[-+]?(?:[0-9]{1,3}(?:[. '][0-9]{3})+|[0-9]+|(?=,))(?:,[0-9]*)?(?:[eE][-+]?[0-9]+)?"),
}
"""A whole number or one with a fraction, its thousands grouped or not."""
UNIT = re.compile(
    r"(?P<sign>[-+]?)(?P<before>[$€£¥₺]?)\s?"
    r"(?P<number>[-+]?[0-9.,](?:[0-9., ']*[0-9])?(?:[eE][-+]?[0-9]+)?\.?)\s?(?P<after>[^0-9\s.,()+=*\"\-]{0,8})"
)
"""A number with a unit before or after it."""


MULTIPLES = {"K": 3, "M": 6, "B": 9}
"""Powers of ten that volumes are abbreviated by, where a column has several of them; one alone may be a unit."""


@dataclass
class Column:
    """A column of texts on its way to numbers."""

    texts: "pd.Series[Any]"
    """As they are written."""
    values: "pd.Series[float]"
    """NaN where it is missing or not yet read."""
    odd: dict[int, str]
    """By row, each text that is no plain number."""
    unit: str = ""

    @property
    def pointed(self) -> "pd.Series[Any]":
        """The plain numbers with a point."""
        return self.texts[self.values.notna() & self.texts.str.contains(".", regex=False)]

    @property
    def numeric_share(self) -> float:
        """Of the values that are there, those that are numbers, perhaps with a unit."""
        numbers = int(self.values.notna().sum())
        odd = sum(
            bool(UNIT.fullmatch(text) or text.lower() in ("inf", "-inf", "+inf") or text.startswith("0x"))
            for text in self.odd.values()
        )
        return (numbers + odd) / max(1, numbers + len(self.odd))


def begin(texts: "pd.Series[Any]") -> Column:
    """Read what is plain: digits, with a decimal point or without."""
    import pyarrow
    import pyarrow.compute

    column = pyarrow.array(texts)
    short = (pyarrow.compute.max(pyarrow.compute.utf8_length(column)).as_py() or 0) <= LONGEST
    if short and pyarrow.compute.all(pyarrow.compute.match_substring_regex(column, f"^{PLAIN}$")).as_py():
        return Column(texts, pd.to_numeric(texts).astype(float), {})
    texts = texts.str.replace("[\u00a0\u202f\u2009]", " ", regex=True).str.strip().str.replace("−", "-", regex=False)
    missing = texts.isna() | texts.str.lower().isin(list(MISSING))
    plain = texts.str.fullmatch(PLAIN).fillna(False).astype(bool) & ~missing & (texts.str.len() <= LONGEST)
    values = pd.to_numeric(texts.where(plain), errors="coerce").astype(float)
    rest = ~plain & ~missing
    odd = {int(row): str(texts.iloc[row]) for row in np.flatnonzero(rest.to_numpy())}
    return Column(texts, values, odd)


def unit_of(column: Column) -> Column:
    """The column without the unit that all its values have, such as `$` or ` %`; as it is if they have none, or several."""
    if not column.odd or column.values.notna().any():
        return column
    found = {row: UNIT.fullmatch(text) for row, text in column.odd.items()}
    matches = [match for match in found.values() if match]
    units = {(match["before"], match["after"]) for match in matches}
    if len(matches) < len(found):
        return column
    if len(units) > 1 and units <= {("", multiple) for multiple in MULTIPLES}:
        odd = {
            row: f"{match['sign']}{match['number']}e{MULTIPLES[match['after']]}"
            for row, match in found.items()
            if match
        }
        read = begin(pd.Series(odd, dtype="str").reindex(range(len(column.values))))
        read.unit = "K, M or B, which are thousands, millions and billions"
        return read
    if len(units) != 1:
        return column
    odd = {row: match["sign"] + match["number"] for row, match in found.items() if match}
    read = begin(pd.Series(odd, dtype="str").reindex(range(len(column.values))))
    ((before, after),) = units
    read.unit = before or after
    return read


def decimal_of(columns: Mapping[str, Column], delimiter: str, stated: Decimal | None, where: str) -> Decimal:
    """The decimal mark of a file.

    Raise `InputError` if its numbers prove both, or if all can be read in both ways. Files with semicolons come from where commas are
    decimal: there a point before three digits is as doubtful as a comma.
    """
    if stated:
        return stated
    proofs: dict[Decimal, str] = {}
    doubtful = ""

    def look(text: str, name: str) -> None:
        nonlocal doubtful
        plain = re.sub("[ ']", "", text)
        for mark, proof in PROOFS.items():
            if mark not in proofs and proof.fullmatch(plain):
                proofs[mark] = f"{quoted(text)} in the column {quoted(name)}"
        if ("," in text or "." in text) and MARKED.fullmatch(text):
            doubtful = doubtful or f"{quoted(text)} in the column {quoted(name)}"

    for name, column in columns.items():
        for text in column.odd.values():
            look(text, name)
    for name, column in columns.items():
        if (doubtful or delimiter == ";") and "." not in proofs and len(pointed := column.pointed):
            shown = pointed[pointed.str.fullmatch(PROOFS["."].pattern).astype(bool)]
            look(str((shown if len(shown) else pointed).iloc[0]), name)
    if not doubtful:
        return "."
    if len(proofs) == 2:
        raise InputError(
            f"{where}: has decimal commas ({proofs[',']}) and decimal points ({proofs['.']}); write all numbers in one way"
        )
    if proofs:
        return next(iter(proofs))
    if any(_grouped(column) for column in columns.values()):
        return "."
    mark = "comma" if "," in doubtful else "point"
    raise InputError(
        f"{where}: the {mark} in {doubtful} may be decimal or group thousands, and no other value shows which; state the decimal mark as "
        "collect.decimal ('.' or ',')"
    )


def _grouped(column: Column) -> bool:
    """Whether commas can only group thousands: all have three digits behind them, and smaller whole numbers have none."""
    commas = [text for text in column.odd.values() if "," in text]
    plain = column.values.dropna().abs()
    return len(commas) >= FEW and len(plain) > 0 and bool((plain < 1000).all()) and bool((plain % 1 == 0).all())


def finish(name: str, column: Column, decimal: Decimal, at: Place) -> "pd.Series[float]":
    """The numbers of a column; raise `InputError` with the place of the first text that is none."""
    values = column.values.to_numpy(copy=True)
    remove = re.compile("[, ']" if decimal == "." else "[. ']")
    pointed = column.pointed if decimal == "," else column.texts.iloc[:0]
    for row, text in [*column.odd.items(), *zip(map(int, pointed.index), map(str, pointed), strict=True)]:
        if not GROUPED[decimal].fullmatch(text):
            raise InputError(
                f"{at(row)}: {quoted(text)} in the column {quoted(name)} is not a number{_why(text, column)}"
            )
        values[row] = float(remove.sub("", text).replace(",", "."))
    return checked(name, pd.Series(values), at, column.texts)


def checked(
    name: str, values: "pd.Series[float]", at: Place, texts: "pd.Series[Any] | None" = None
) -> "pd.Series[float]":
    """The same numbers; raise `InputError` for one that is not finite or too large."""
    too_large = (values.abs() > GREATEST).to_numpy()
    if too_large.any():
        row = int(too_large.argmax())
        shown = quoted(values.iloc[row] if texts is None else texts.iloc[row])
        if not np.isfinite(values.iloc[row]) and (texts is None or not texts.iloc[row][-1:].isdigit()):
            raise InputError(
                f"{at(row)}: {shown} in the column {quoted(name)} is not a number; correct it or leave the field empty"
            )
        raise InputError(
            f"{at(row)}: {shown} in the column {quoted(name)} is beyond {GREATEST:g}, the most that is read; correct it, or give the "
            "column in a larger unit"
        )
    return values


def _why(text: str, column: Column) -> str:
    if re.fullmatch(r"\([0-9.,]+\)", text):
        return "; write a negative number with a minus sign, not in brackets"
    if (match := UNIT.fullmatch(text)) and (unit := match["before"] or match["after"]):
        return f", for it has a unit ({unit}) that other values lack; write all in one unit, without it"
    return "; correct it or leave the field empty"
