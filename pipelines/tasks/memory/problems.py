"""The problems, and how an example is drawn: each from a seed and its index alone, so that none need be stored."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.contract import SPLITS, Array

ADDING, COPY, DIGITS = "adding", "copy", "digits"
PROBLEMS = (ADDING, COPY, DIGITS)
LENGTHS = {
    ADDING: (10, 25, 50, 100, 150, 200, 300, 400, 600, 800),
    COPY: (5, 10, 20, 30, 50, 100, 200, 300, 500),
}
"""The T of each problem: steps of a sequence of the adding problem, delay of the copy problem."""
TARGETS = (*(f"{problem}_{length:03d}" for problem, lengths in LENGTHS.items() for length in lengths), DIGITS)
ALPHABET = "abcdefgh"
"""The symbols that are copied, as in Arjovsky et al. 2016."""
BLANK, CUE = len(ALPHABET), len(ALPHABET) + 1
"""Tokens beside the symbols: nothing, and the sign to begin."""
TOKENS = len(ALPHABET) + 2
MEAN, STD = 0.5, 12**-0.5
"""Of numbers that are uniform between 0 and 1."""
ADDING_VARIANCE = 1 / 6
"""Of the sum of two of them: the error of the best constant."""
ASKED = len(SPLITS)
"""After the numbers of the splits, that of the examples which `predict` draws."""
Example = tuple[NDArray[np.float32], Any]


def parts(target: str) -> tuple[str, int]:
    """Problem and T of a target: ("adding", 200); digits have no T, which is 0."""
    problem, _, length = target.partition("_")
    return problem, int(length or 0)


def steps(target: str, symbols: int) -> int:
    """Steps of a sequence of the adding or the copy problem."""
    problem, length = parts(target)
    return length if problem == ADDING else length + 2 * symbols


def example(target: str, symbols: int, seed: int, split: int, index: int) -> Example:
    """One example: window (time, features) float32, and what is asked for.

    The random numbers are counted, not continued (Philox, Salmon et al. 2011): an example depends on nothing but the arguments.
    """
    problem, length = parts(target)
    random = np.random.Generator(np.random.Philox(key=np.array([seed, index], np.uint64), counter=[0, 0, 0, split]))
    return _adding(random, length) if problem == ADDING else _copy(random, length, symbols)


def _adding(random: np.random.Generator, length: int) -> Example:
    """The adding problem (Hochreiter & Schmidhuber 1997): of a sequence of numbers between 0 and 1 two are marked, one in each half.

    (time, 2): the number, standardised, and the mark; and the sum of the two, (1,) float32.
    """
    numbers = random.random(length)
    marked = [random.integers(length // 2), random.integers(length // 2, length)]
    window = np.zeros((length, 2), np.float32)
    window[:, 0] = (numbers - MEAN) / STD
    window[marked, 1] = 1
    return window, np.array([numbers[marked].sum()], np.float32)


def _copy(random: np.random.Generator, delay: int, symbols: int) -> Example:
    """The copy problem (Hochreiter & Schmidhuber 1997, as in Arjovsky et al. 2016): symbols, blanks, a cue, as many blanks as symbols.

    (time, tokens) one-hot; and the token that is to be written at every step, (time,) int32: blanks until the cue, then the symbols.
    """
    word = random.integers(len(ALPHABET), size=symbols)
    read = np.full(delay + 2 * symbols, BLANK)
    write = read.astype(np.int32)
    read[:symbols], read[delay + symbols - 1], write[-symbols:] = word, CUE, word
    return np.eye(TOKENS, dtype=np.float32)[read], write


def memoryless(target: str, symbols: int) -> float:
    """Cross-entropy of the copy problem, in nats a step, for who knows the place in the sequence and no symbol: s · ln 8 / (T + 2 s)."""
    return float(symbols * np.log(len(ALPHABET)) / steps(target, symbols))


def draw(target: str, symbols: int, seed: int, split: int, indices: Array) -> tuple[Array, Array]:
    """The examples at `indices`: windows (batch, time, features) and what is asked for, (batch, …)."""
    windows, asked = zip(*(example(target, symbols, seed, split, int(index)) for index in indices), strict=True)
    return np.stack(windows), np.stack(asked)
