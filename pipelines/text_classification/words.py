"""The words of a text."""

import unicodedata

import regex

from pipelines.printing import STEERING

WORD = regex.compile(r"(?<=\w)['’][\w\p{M}]+|[\w\p{M}]+|[^\w\s]")
"""What follows an apostrophe within a word, with it (`'t`, `'dan`); a word, with combining marks; or a single other mark."""
DOTLESS = ("tr", "az")
"""Languages whose I has no dot in lower case."""


def lowered(text: str, language: str) -> str:
    """`text` in lower case as `language` has it, its letters composed (NFC)."""
    text = unicodedata.normalize("NFC", text)
    if language in DOTLESS:
        text = text.replace("İ", "i").replace("I", "ı")
    return text.lower()


def words(text: str, language: str) -> list[str]:
    """The words and marks of a text, in lower case."""
    return WORD.findall(STEERING.sub(" ", lowered(text, language)))
