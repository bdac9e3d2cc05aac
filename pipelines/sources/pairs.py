"""Pairs of texts that a user drops in: a source and its target in each line, separated by a tab."""

from pathlib import Path

from pipelines.errors import InputError
from pipelines.sources import files

LARGEST = 200_000_000
"""Bytes of a file; its pairs take some ten times as much memory."""
LONGEST = 10_000
"""Characters of a line; a longer one is a mistake."""


def read(path: Path) -> list[tuple[str, str]]:
    """The pairs of a `.tsv` or `.txt` file in UTF-8; columns after the second are ignored (as in Tatoeba's and Anki's exports).

    Raise `InputError` with the line for one that is not a pair; blank lines are skipped.
    """
    if path.suffix.lower() not in (".tsv", ".txt"):
        raise InputError(f"{path}: is not a .tsv or .txt file; convert or remove it")
    files.check_size(path, LARGEST)
    pairs = []
    for number, line in enumerate(files.lines(path, LONGEST), start=1):
        if not line.strip():
            continue
        source, tab, rest = line.partition("\t")
        if not tab:
            raise InputError(f"{path}, line {number}: has no tab between source and target; separate them by one")
        target = rest.partition("\t")[0]
        for side, text in (("source", source), ("target", target)):
            if not text.strip():
                raise InputError(f"{path}, line {number}: its {side} is empty; complete or remove the line")
        pairs.append((source.strip(), target.strip()))
    if not pairs:
        raise InputError(f"{path}: holds no pairs; write a source, a tab and a target in each line")
    return pairs
