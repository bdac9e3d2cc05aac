"""Where the pairs come from: numbers in English and Turkish words, or the user's own pairs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipelines.contract import Source
from pipelines.errors import InputError
from pipelines.sources import files, pairs
from pipelines.tasks.numbers.params import NumbersCollect

PAIRS = "pairs.tsv"
"""Of the raw data: a source, a tab and a target in each line."""
SEED = 1
SAMPLES = {
    "numbers": {
        "origin": "numbers in English and in Turkish words, drawn by number of digits; written by num2words 0.5",
        "licence": "facts; num2words: LGPL",
    }
}


def collect(params: NumbersCollect, dropped: Sequence[Path], destination: Path) -> Source:
    """Write all pairs to one file; a repeated pair is kept once, a source with two targets is an error."""
    if not dropped:
        sample = [(english(number), turkish(number)) for number in _numbers(params)]
        _write(sample, destination)
        return Source(True, {name: SAMPLES[name] for name in params.samples})
    readings = files.read_all(dropped, pairs.read, params.max_unreadable)
    targets: dict[str, tuple[str, Path]] = {}
    for path, read in readings.values.items():
        for source, target in read:
            known, where = targets.setdefault(source, (target, path))
            if known != target:
                raise InputError(
                    f"{path}: {source!r} is {target!r} here and {known!r} in {where}; keep one target for each source"
                )
    _write([(source, target) for source, (target, _) in targets.items()], destination)
    parts = {path.stem: {"origin": path.as_posix(), "licence": "the user's own"} for path in readings.values}
    return Source(False, parts, readings.unreadable)


def _write(rows: list[tuple[str, str]], destination: Path) -> None:
    text = "".join(f"{source}\t{target}\n" for source, target in rows)
    (destination / PAIRS).write_text(text, encoding="utf-8")


def _numbers(params: NumbersCollect) -> list[int]:
    """Different numbers up to the highest, equally many of each number of digits, where there are enough."""
    random = np.random.default_rng(SEED)
    digits = len(str(params.highest))
    chosen: set[int] = set()
    for length in range(1, digits + 1):
        low, high = 10 ** (length - 1) if length > 1 else 0, min(10**length - 1, params.highest)
        wanted = min((params.pairs - len(chosen)) // (digits - length + 1), (high - low + 1) * 9 // 10)
        fewer = len(chosen)
        while len(chosen) < fewer + wanted:
            chosen.add(int(random.integers(low, high + 1)))
    return sorted(chosen)


def english(number: int) -> str:
    """`three hundred twelve`: without «and», commas and hyphens."""
    from num2words import num2words

    words = num2words(number).replace("-", " ").replace(",", " ").split()
    return " ".join(word for word in words if word != "and")


def turkish(number: int) -> str:
    """`üç yüz on iki`: num2words joins the words; here they are split again, the longest first."""
    from num2words import num2words

    joined = num2words(number, lang="tr")
    known = sorted(
        {num2words(part, lang="tr") for part in (*range(11), *range(20, 100, 10), 100, 1000)} | {"milyon"}, key=len
    )
    words = []
    while joined:
        word = next(word for word in reversed(known) if joined.startswith(word))
        words.append(word)
        joined = joined.removeprefix(word)
    return " ".join(words)
