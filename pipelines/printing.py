"""Text that is safe to print: names and texts of users may contain characters that steer a terminal."""

import re

STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters but tab and line feed, separators of lines, and marks that reverse the direction of writing."""


def printable(text: str) -> str:
    r"""A sentence with names in it, every character but a line feed visible: `\x1b` for one that is not."""
    return "".join(
        character if character.isprintable() or character == "\n" else _escape(character) for character in text
    )


def one_line(text: str) -> str:
    r"""The same, with a line feed as `\n`, and spaces for a tab."""
    return printable(text.expandtabs()).replace("\n", "\\n")


def harmless(text: str) -> str:
    r"""A text as it is, but `\x1b` and the like for each character that steers."""
    return STEERING.sub(lambda found: _escape(found.group()), text)


def shortened(text: str, longest: int = 100) -> str:
    """The beginning of `text`, with an ellipsis if it has more than `longest` characters."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def quoted(value: object, longest: int = 100) -> str:
    """What a user has written, as `repr` shows it, cut if that has more than `longest` characters."""
    return shortened(repr(value[: longest + 1] if isinstance(value, str) else value), longest)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()
