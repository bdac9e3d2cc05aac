"""Texts, read piece by piece, so that memory does not grow with the length of a file or a line."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.errors import InputError

FOLDER = "texts"
"""Of the raw data."""
PIECE = 1 << 20
"""Bytes read at a time."""
LONGEST = 1_000
"""Characters of a word that is looked for across the border of two pieces; else one without end would be searched anew with each."""
WORD = re.compile(r" ?\w+| ?[^\w\s]+|\s")
"""A word or a run of punctuation with the space before it, or any other white space: joined, they give the text."""


def pieces(path: Path) -> Iterator[str]:
    """The text of a UTF-8 file in pieces, line ends as `\\n`.

    Raise `InputError` with the byte's offset where the file is not UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    read, rest = 0, ""
    with path.open("rb") as file:
        while True:
            block = file.read(PIECE)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                pending = len(error.object) - len(block)  # bytes of a character that the last block had begun
                raise InputError(
                    f"{path}, byte {read - pending + error.start}: is not UTF-8; save the file in that encoding"
                ) from error
            if read == 0:
                text = text.removeprefix("\ufeff")
            read += len(block)
            text = rest + text
            rest = "\r" if block and text.endswith("\r") else ""  # the other half of a line end may come yet
            if text := text.removesuffix(rest).replace("\r\n", "\n"):
                yield text
            if not block:
                return


def words(parts: Iterator[str]) -> Iterator[list[str]]:
    """The words of a text that comes in pieces; a word on the border of two pieces stays one word, if it is no longer than `LONGEST`."""
    rest = ""
    for part in parts:
        matches = WORD.findall(rest + part)
        rest = matches.pop() if matches and len(matches[-1]) <= LONGEST else ""
        yield matches
    if rest:
        yield [rest]
