"""The first letter of a message is small for the network, and gets its size back from the source."""

import re

from pipelines.sources.letters import capital, small

FIRST = re.compile(r"\W*(\w)(\w*)")
"""The first word: its first letter, and the others."""


def lowered(text: str, language: str) -> str:
    """`text` with a small first letter, unless its first word has another capital."""
    first = FIRST.match(text)
    if not first or any(char.isupper() for char in first[2]):
        return text
    return text[: first.start(1)] + small(first[1], language) + text[first.end(1) :]


def raised(text: str, source: str, language: str) -> str:
    """`text` with a first letter that is a capital if that of `source` is."""
    first = FIRST.match(text)
    if not first or not next((char for char in source if char.isalpha()), "").isupper():
        return text
    return text[: first.start(1)] + capital(first[1], language) + text[first.end(1) :]
