"""What the blocks of tasks that read tables over time have in common."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from pipelines.params.blocks import Collect, Frozen


def _zone(name: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (OSError, ValueError) as error:
        raise ValueError(f"there is no zone {name!r}; zones are called like Europe/Berlin") from error
    return name


def _format(written: str) -> str:
    if "%" not in written:
        raise ValueError(f"{written!r} names no part of a date; write it like %d/%m/%Y")
    return written


class Dates(Frozen):
    """How the user's files write dates, where that cannot be told from them; null: found from the whole column."""

    format: Annotated[str, AfterValidator(_format)] | None
    """As for Python's `strptime`: `%d.%m.%y %H:%M`."""
    day_first: bool | None
    """Whether 03/04/2020 is 3 April."""
    zone: Annotated[str, AfterValidator(_zone)] | None
    """Of times that are written without an offset from UTC; they are then read in UTC."""


class TableCollect(Collect):
    """The same, of tables."""

    dates: Dates
    decimal: Literal[".", ","] | None
    """The mark between a number's whole part and its fraction; null: found from the whole file."""
