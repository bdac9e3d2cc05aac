"""Pairs of a source and a target that a user drops in: lines with a tab between them, or catalogues of gettext."""

import struct
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.contract import Source
from pipelines.errors import InputError
from pipelines.printing import quoted
from pipelines.sources import files

Pair = tuple[str, str]
PAIRS = "pairs.tsv"
"""Of the raw data: a source, a tab and a target in each line."""
LARGEST = 200_000_000
"""Bytes of a text file; its pairs take some ten times as much memory."""
LARGEST_CATALOGUE = 20_000_000
LONGEST = 10_000
"""Characters of a line; a longer one is a mistake."""
NO_TAB = "has no tab between source and target; separate them by one"
IDENTICAL = "source and target are identical"
SINGULAR = "the singular of an entry with a plural form, which is used"


@dataclass
class Reading:
    """The pairs of a file, and what is not used of it."""

    pairs: list[Pair] = field(default_factory=list)
    faults: dict[str, list[str]] = field(default_factory=dict)
    """What is wrong, and what to do -> where; what counts against the share that may be unreadable."""
    unused: dict[str, list[str]] = field(default_factory=dict)
    """What is left out for another reason -> where."""

    def sentences(self, path: Path | str) -> list[str]:
        """One for each reason to leave something out, with the first place and how many there are."""
        return [
            f"{path}, {where[0]}: {reason}" + (f" (and {len(where) - 1:,} more)" if len(where) > 1 else "")
            for reason, where in (self.faults | self.unused).items()
        ]


def joined(readings: Iterable[Reading]) -> Reading:
    """Several files as one."""
    whole = Reading()
    for reading in readings:
        whole.pairs += reading.pairs
        for ours, theirs in ((whole.faults, reading.faults), (whole.unused, reading.unused)):
            for reason, places in theirs.items():
                ours.setdefault(reason, []).extend(places)
    return whole


def read(path: Path, max_unreadable: float = 0.0) -> Reading:
    """The pairs of a `.tsv` or `.txt` file in UTF-8 (columns after the second are ignored, as in Tatoeba's and Anki's exports), or of
    a `.po` or `.mo` catalogue.

    Raise `InputError` for a file that holds no pairs, or in which more than the share `max_unreadable` of the lines are none.
    """
    reader = {".tsv": _lines, ".txt": _lines, ".po": _catalogue, ".mo": _catalogue}.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: is not a .tsv, .txt, .po or .mo file; convert or remove it")
    reading = reader(path)
    faults = sum(map(len, reading.faults.values()))
    whole = faults + len(reading.pairs) + sum(map(len, reading.unused.values()))
    if faults > max_unreadable * whole:
        raise InputError(
            f"{reading.sentences(path)[0]}; {faults:,} of {whole:,} lines cannot be used, at most {max_unreadable:.0%} may be "
            "(collect.max_unreadable)"
        )
    if not reading.pairs:
        why = f" that can be used ({reading.sentences(path)[0]})" if whole else ""
        raise InputError(f"{path}: holds no pairs{why}; write a source, a tab and a target in each line")
    return reading


def _lines(path: Path) -> Reading:
    files.check_size(path, LARGEST)
    reading = Reading()

    def fault(number: int, why: str) -> None:
        reading.faults.setdefault(why, []).append(f"line {number}")

    for number, line in enumerate(files.lines(path, LONGEST, on_fault=fault), start=1):
        if not line.strip():
            continue
        source, tab, rest = line.partition("\t")
        target = rest.partition("\t")[0].strip()
        source = source.strip()
        if not tab:
            fault(number, NO_TAB)
        elif not (source and target):
            fault(number, f"its {'target' if source else 'source'} is empty; complete or remove the line")
        elif source == target:
            reading.unused.setdefault(IDENTICAL, []).append(f"line {number}")
        else:
            reading.pairs.append((source, target))
    return reading


def _catalogue(path: Path) -> Reading:
    """Raise `InputError` for a file that is no catalogue."""
    files.check_size(path, LARGEST_CATALOGUE)
    return catalogue(path.read_bytes(), path)


def catalogue(content: bytes, path: Path) -> Reading:
    """The translated entries of gettext's `.po` or, by the name of `path`, `.mo` format; runs of white space become one space.

    Of an entry with a plural form the plural is used, with the last of its translations. Raise `InputError` for what is no catalogue.
    """
    import polib

    compiled = path.suffix.lower() == ".mo"
    try:
        entries = polib.mofile(content) if compiled else polib.pofile(content.decode("utf-8-sig"))
    except (OSError, ValueError, LookupError, struct.error) as error:
        raise InputError(f"{path}: is not a readable catalogue of gettext ({error}); export it again") from error
    reading = Reading()
    for number, entry in enumerate(entries, start=1):
        where = f"entry {number}" if compiled else f"line {entry.linenum}"
        source, target = entry.msgid, entry.msgstr
        if entry.msgid_plural:
            source, target = entry.msgid_plural, entry.msgstr_plural.get(max(entry.msgstr_plural, default=0), "")
        source, target = " ".join(source.split()), " ".join(target.split())
        if not source:
            continue  # what is no message
        reasons = {
            "obsolete": entry.obsolete,
            "fuzzy": not compiled and entry.fuzzy,
            "not translated": not target,
            IDENTICAL: source == target,
        }
        why = next((reason for reason, applies in reasons.items() if applies), None)
        if why is None:
            reading.pairs.append((source, target))
            why = SINGULAR if entry.msgid_plural else None
        if why:
            reading.unused.setdefault(why, []).append(where)
    return reading


# Raw data


def collect(dropped: Sequence[Path], max_unreadable: float, destination: Path) -> Source:
    """Write the pairs of the user's files; raise `InputError` when more than the share `max_unreadable` of files, or of one file's lines,
    cannot be read."""
    readings = files.read_all(dropped, lambda path: read(path, max_unreadable), max_unreadable)
    parts = {path.stem: {"origin": path.as_posix(), "licence": "the user's own"} for path in readings.values}
    sentences, notes = written(readings.values, destination)
    return Source(False, parts, readings.unreadable + sentences, notes)


def written(readings: Mapping[Any, Reading], destination: Path) -> tuple[list[str], list[str]]:
    """Write every source once, with its most frequent target (of equally frequent ones the first).

    Return a sentence for each reason to leave something out, and for each kind of pairs that a user should know of.
    """
    counts: dict[str, Counter[str]] = {}
    for reading in readings.values():
        for source, target in reading.pairs:
            counts.setdefault(source, Counter())[target] += 1
    chosen = {source: targets.most_common(1)[0][0] for source, targets in counts.items()}
    write(list(chosen.items()), destination)
    sentences = [sentence for path, reading in readings.items() for sentence in reading.sentences(path)]
    repeated = sum(targets[chosen[source]] - 1 for source, targets in counts.items())
    if repeated:
        sentences.append(f"{repeated:,} pairs are there again; each is used once")
    others = [source for source, targets in counts.items() if len(targets) > 1]
    if others:
        example = others[0]
        other = next(target for target in counts[example] if target != chosen[example])
        sentences.append(
            f"{len(others):,} sources have several targets, of which the most frequent is used: {quoted(example)} is "
            f"{quoted(chosen[example])}, not {quoted(other)}"
        )
    return sentences, _notes(chosen)


def _notes(chosen: Mapping[str, str]) -> list[str]:
    kinds: dict[str, Callable[[str], bool]] = {
        "letters of several scripts in one text": lambda text: len(_scripts(text)) > 1,
        "right-to-left text": lambda text: any(unicodedata.bidirectional(char) in ("R", "AL") for char in text),
    }
    notes = []
    for kind, applies in kinds.items():
        found = [pair for pair in chosen.items() if any(not text.isascii() and applies(text) for text in pair)]
        if found:
            notes.append(f"pairs with {kind}, used as they are: {len(found):,}, such as {quoted(' / '.join(found[0]))}")
    return notes


def _scripts(text: str) -> set[str]:
    return {_script(char) for char in text if char.isalpha()}


@lru_cache(maxsize=10_000)
def _script(char: str) -> str:
    """LATIN, CYRILLIC, …: the first word of the character's name."""
    return unicodedata.name(char, "?").split()[0].removesuffix("-")


def write(rows: Sequence[Pair], destination: Path) -> None:
    """Write pairs as raw data."""
    text = "".join(f"{source}\t{target}\n" for source, target in rows)
    (destination / PAIRS).write_text(text, encoding="utf-8")


def raw_pairs(raw: Path) -> Iterator[list[str]]:
    """The pairs that `write` wrote."""
    lines = (raw / PAIRS).read_text(encoding="utf-8").removesuffix("\n").split("\n")  # a form feed is no end of a line
    return (line.split("\t") for line in lines)
