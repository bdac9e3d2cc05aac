"""The words of a text."""

import unicodedata

import regex

from pipelines.printing import STEERING
from pipelines.sources.letters import small

WORD = regex.compile(r"\s*(?:(?<=\w)['’][\w\p{M}]+|[\w\p{M}]+|[^\w\s])")
"""After any white space: what follows an apostrophe within a word, with it (`'t`, `'dan`); a word, with combining marks; or a mark."""


def words(text: str, language: str) -> list[str]:
    """The words and marks of a text, in lower case."""
    return [small(word.strip(), language) for word in spaced(text)]


def spaced(text: str) -> list[str]:
    """The words and marks of a text as they are written, each with the white space before it."""
    return WORD.findall(STEERING.sub(" ", unicodedata.normalize("NFC", text)).rstrip())
