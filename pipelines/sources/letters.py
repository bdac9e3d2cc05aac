"""Capital and small letters, as the language of a text has them."""

SMALL = {"tr": {"İ": "i", "I": "ı"}, "az": {"İ": "i", "I": "ı"}}
"""Languages with a dotted and a dotless i, and what they write small otherwise than Unicode's default."""


def small(text: str, language: str) -> str:
    """`text` in small letters; `language` is a code of ISO 639."""
    for capital, letter in SMALL.get(language, {}).items():
        text = text.replace(capital, letter)
    return text.lower()


def capital(text: str, language: str) -> str:
    """`text` in capital letters."""
    for letter, small_letter in SMALL.get(language, {}).items():
        text = text.replace(small_letter, letter)
    return text.upper()
