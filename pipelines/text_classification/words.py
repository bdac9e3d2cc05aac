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
    return [lowered(word.strip(), language) for word in spaced(text)]


def spaced(text: str) -> list[str]:
    """The words and marks of a text as they are written, each with the white space before it."""
    clean = STEERING.sub(" ", unicodedata.normalize("NFC", text))
    ends = [match.end() for match in WORD.finditer(clean)]
    return [clean[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]
