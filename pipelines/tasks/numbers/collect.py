"""Where the pairs come from: numbers in English and Turkish words, or the user's own pairs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipelines.contract import Source
from pipelines.sources import pairs
from pipelines.tasks.numbers.params import NumbersCollect

SEED = 1
SAMPLES = {
    "numbers": {
        "origin": "numbers in English and in Turkish words, drawn by number of digits; written by num2words 0.5",
        "licence": "facts; num2words: LGPL",
    }
}


def collect(params: NumbersCollect, dropped: Sequence[Path], destination: Path) -> Source:
    """Write all pairs to one file, each source once."""
    if dropped:
        return pairs.collect(dropped, params.max_unreadable, destination)
    pairs.write([(english(number), turkish(number)) for number in _numbers(params)], destination)
    return Source(True, {name: SAMPLES[name] for name in params.samples})


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
