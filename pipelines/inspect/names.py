"""Names of features, or of the ids of a vocabulary, from a text file: one a line."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from pipelines.errors import InputError
from pipelines.printing import quoted
from pipelines.sources import files

LONGEST = 1000
"""Characters of a name."""
MOST = 5_000_000
"""Names."""


def read(file: str) -> list[str]:
    """The lines of `file`, blank ones too: the name of an id may be nothing. Raise `InputError` for one that cannot be used."""
    path = Path(file)
    if not path.is_file():
        raise InputError(
            f"{file}: {'is a folder' if path.is_dir() else 'there is no such file'}; name a text file with a name a line"
        )
    lines = list(islice(files.lines(path, LONGEST, file), MOST + 1))
    if not lines:
        raise InputError(f"{file}: is empty; write one name a line")
    if len(lines) > MOST:
        raise InputError(f"{file}: has more than {MOST:,} lines; write one name a line")
    return lines


def of_features(file: str, names: Sequence[str], count: int) -> list[str]:
    """`names`, if they are one for each feature and all different; raise `InputError` otherwise."""
    if len(names) != count:
        raise InputError(
            f"{file}: has {len(names):,} names, and a step of the sequence has {count:,} features; write one name a line for each"
        )
    seen: dict[str, int] = {}
    for line, name in enumerate(names, start=1):
        if not name.strip():
            raise InputError(f"{file}, line {line}: has no name; every feature needs one")
        if (other := seen.setdefault(name, line)) != line:
            raise InputError(
                f"{file}, line {line}: has the name {quoted(name)} of line {other}; give every feature its own"
            )
    return list(names)


def of_ids(file: str, names: Sequence[str], vocabulary: int) -> list[str]:
    """`names`, if they are one for each id of the vocabulary, that of id 0 first; raise `InputError` otherwise."""
    if len(names) != vocabulary:
        raise InputError(
            f"{file}: has {len(names):,} names, and the vocabulary has {vocabulary:,} ids; write a line for each, that of id 0 first"
        )
    return list(names)
