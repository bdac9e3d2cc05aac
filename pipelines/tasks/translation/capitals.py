"""The first letter of a message is small for the network, and gets its size back from the source."""

import re

FIRST = re.compile(r"\W*(\w)(\w*)")
"""The first word: its first letter, and the others."""
DOTTED = {"tr", "az"}
"""Languages with a dotted and a dotless i: İ is the capital of i, and I that of ı."""


def lowered(text: str, language: str) -> str:
    """`text` with a small first letter, unless its first word has another capital."""
    first = FIRST.match(text)
    if not first or any(char.isupper() for char in first[2]):
        return text
    small = {"İ": "i", "I": "ı"} if language in DOTTED else {}
    return text[: first.start(1)] + small.get(first[1], first[1].lower()) + text[first.end(1) :]


def raised(text: str, source: str, language: str) -> str:
    """`text` with a first letter that is a capital if that of `source` is."""
    first = FIRST.match(text)
    if not first or not next((char for char in source if char.isalpha()), "").isupper():
        return text
    large = {"i": "İ", "ı": "I"} if language in DOTTED else {}
    return text[: first.start(1)] + large.get(first[1], first[1].upper()) + text[first.end(1) :]
