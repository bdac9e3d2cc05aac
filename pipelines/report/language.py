"""The language of a page: English as it stands in the code, or another from its catalogue in `locale`.

A page is made within `speaking(code)`; `_` looks a text up in the catalogue of that language and fills its fields with numbers
written as the language writes them. A catalogue is the `.po` that is in Git, compiled in memory.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from numbers import Real
from pathlib import Path
from string import Formatter
from typing import Any

from babel.dates import format_date as babel_date
from babel.dates import get_day_names, get_month_names
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import get_decimal_symbol, get_group_symbol
from babel.support import NullTranslations, Translations

from pipelines import paths

LANGUAGES = {"en": "English", "tr": "Türkçe"}
"""Code -> its own name. The first is that of the code."""
SOURCE = "en"
LOCALE = Path(__file__).parent / "locale"
DOMAIN = "gatehouse"
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")

_language: ContextVar[str] = ContextVar("language", default=SOURCE)


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Within it every text is in the language `code`, one of `LANGUAGES`."""
    before = _language.set(code)
    try:
        yield
    finally:
        _language.reset(before)


def active() -> str:
    """The code of the language that is spoken."""
    return _language.get()


def mark(text: str) -> str:
    """The text itself: it is translated where it is shown, and stands in the catalogue because of this mark."""
    return text


def _(message: str, /, **fields: Any) -> str:
    """The message in the language that is spoken, its `{fields}` filled; those with a format become numbers of that language."""
    text = gettext(message)
    return fill(text, **fields) if fields else text


def plural(one: str, many: str, count: int, /, **fields: Any) -> str:
    """`one` or `many` by `count`, which is a field too."""
    return fill(ngettext(one, many, count), count=count, **fields)


def shown(text: str) -> str:
    """A word or sentence that a stage has stored, in the language that is spoken; itself where the catalogue does not have it.

    Where it has numbers, the catalogue has it with `{}` in their places.
    """
    exact = gettext(text) if text else text
    if exact != text or active() == SOURCE:
        return exact
    pattern = NUMBER.sub("{}", text)
    found = gettext(pattern) if pattern else pattern
    return found.format(*map(localised, NUMBER.findall(text))) if found != pattern else text


def steps(step: str) -> str:
    """What several steps are called: `weeks`. After a number Turkish has no plural."""
    return f"{step}s" if active() == SOURCE else shown(step)


def gettext(message: str) -> str:
    """The message as the catalogue has it."""
    return _translations(active()).ugettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """The form of the message for `count`."""
    return _translations(active()).ungettext(one, many, count)


def listed(*parts: str) -> str:
    """«a and b»."""
    return _(" and ").join(parts)


# Numbers and dates


class _Fields(Formatter):
    def format_field(self, value: Any, format_spec: str) -> Any:
        text = super().format_field(value, format_spec)
        return localised(text) if format_spec and isinstance(value, Real) else text


def fill(text: str, /, **fields: Any) -> str:
    """`str.format` whose numbers with a format are those of the language: `{share:.1%}` is 12.3% or %12,3."""
    return _Fields().vformat(text, (), fields)


def localised(number: str) -> str:
    """A number as Python writes it, `1,234.5` or `12.3%`, as the language that is spoken writes it."""
    if active() == SOURCE:
        return number
    decimal, group = get_decimal_symbol(active()), get_group_symbol(active())
    number = "".join({".": decimal, ",": group}.get(character, character) for character in number)
    return re.sub(r"^([+−-]?)(.*?) ?%$", r"\1%\2", number) if active() == "tr" else number


def percent(share: float, digits: int = 1, sign: bool = False) -> str:
    """A share in per cent: `12.3 %`, in Turkish `%12,3`."""
    return localised(f"{100 * share:{'+' if sign else ''}.{digits}f} %")


def date(iso: str) -> str:
    """A date `2026-11-28`: as it is in English, with the name of the month in another language."""
    from datetime import date as day

    return iso if active() == SOURCE else babel_date(day.fromisoformat(iso), "d MMMM y", locale=active())


def lower(text: str) -> str:
    """In small letters. (Turkish I is ı, and İ is i.)"""
    return (text.replace("İ", "i").replace("I", "ı") if active() == "tr" else text).lower()


# Charts and scripts

BUTTONS = (
    mark("Autoscale"), mark("Download plot as a PNG"), mark("Pan"), mark("Reset axes"), mark("Zoom"), mark("Zoom in"), mark("Zoom out"),
    mark("Double-click to zoom back out"), mark("Taking snapshot - this may take a few seconds"), mark("Snapshot succeeded"),
)  # fmt: skip
"""What Plotly says on a chart's buttons."""


def plotly_locale() -> dict[str, Any] | None:
    """Plotly's locale: its words, numbers and the names of months and days; None for English, which Plotly has."""
    if active() == SOURCE:
        return None

    def names(of: Mapping[Any, str], first: int) -> list[str]:
        return [of[(index - first) % len(of) + first] for index in range(first, first + len(of))]

    days = {width: get_day_names(width, locale=active()) for width in ("wide", "abbreviated")}
    months = {width: get_month_names(width, locale=active()) for width in ("wide", "abbreviated")}
    monday_last = [6, 0, 1, 2, 3, 4, 5]  # Plotly begins with Sunday
    return {
        "moduleType": "locale",
        "name": active(),
        "dictionary": {text: gettext(text) for text in BUTTONS},
        "format": {
            "days": [days["wide"][day] for day in monday_last],
            "shortDays": [days["abbreviated"][day] for day in monday_last],
            "months": names(months["wide"], 1),
            "shortMonths": names(months["abbreviated"], 1),
            "date": "%d.%m.%Y",
            "decimal": get_decimal_symbol(active()),
            "thousands": get_group_symbol(active()),
            "grouping": [3],
            "currency": ["", ""],
        },
    }


def chart(layout_and_data: Any) -> Any:
    """A chart's plain data for the language: its separators. (Plotly writes a per cent sign after a number in every language.)"""
    if active() != SOURCE:
        layout_and_data["layout"]["separators"] = get_decimal_symbol(active()) + get_group_symbol(active())
    return layout_and_data


SCRIPTED = (".js", "report/stored.py", "tracks.py", "nn/cells.py", "analysis/equations.py")
"""Where texts stand that scripts show: their own, and words of the data of the microscope, which are the same for every language."""


def script_messages() -> dict[str, str]:
    """The texts of scripts in the language that is spoken."""
    return {
        str(message.id): str(message.string)
        for message in catalogue(active())
        if message.id and any(file.endswith(SCRIPTED) for file, _line in message.locations)
    }


# Files


def reports() -> Path:
    """The folder of the pages in the language that is spoken: English ones in `reports` itself, the others below it."""
    return paths.REPORTS if active() == SOURCE else paths.REPORTS / active()


def report(task: str) -> Path:
    """A task's page and a page per model, in the language that is spoken."""
    return reports() / paths.report(task).relative_to(paths.REPORTS)


def path(code: str) -> Path:
    """The catalogue of a language."""
    return LOCALE / code / "LC_MESSAGES" / f"{DOMAIN}.po"


@cache
def catalogue(code: str) -> Catalog:
    """The catalogue of a language; empty for English."""
    if not path(code).exists():
        return Catalog(code)
    with path(code).open("rb") as file:
        return read_po(file, code)


def has_text(message: Message) -> bool:
    """Whether a message of a catalogue is translated, in all of its forms."""
    return all(message.string) if isinstance(message.string, tuple | list) else bool(message.string)


@cache
def _translations(code: str) -> NullTranslations:
    if code == SOURCE:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, catalogue(code))
    compiled.seek(0)
    return Translations(compiled)
