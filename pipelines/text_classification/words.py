"""The words of a text."""

import unicodedata

import regex

from pipelines.printing import STEERING

WORD = regex.compile(r"\s*(?:(?<=\w)['’][\w\p{M}]+|[\w\p{M}]+|[^\w\s])")
"""After any white space: what follows an apostrophe within a word, with it (`'t`, `'dan`); a word, with combining marks; or a mark."""
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
    return [lowered(word.strip(), language) for word in spaced(text)]


def spaced(text: str) -> list[str]:
    """The words and marks of a text as they are written, each with the white space before it."""
    return WORD.findall(STEERING.sub(" ", unicodedata.normalize("NFC", text)).rstrip())
