"""What a network reads, as the microscope draws it along the top, and numbers by step with which units are compared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipelines.report.language import mark

Numbers = NDArray[np.float64]
VOWELS = frozenset("aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýıœ")
NEW_LINE = "\n"


class Strip(NamedTuple):
    """Small pictures of the same width, side by side."""

    png: bytes
    frames: int


@dataclass(frozen=True)
class Track:
    """Of each sequence what some layers of a network read, step by step."""

    kind: Literal["tokens", "lines", "image", "frames"]
    values: Sequence[Any]
    """Of each sequence: tokens, a list of texts; lines and image, (steps, rows) numbers; frames, a `Strip`."""
    step: str
    """What a step is called."""
    properties: Mapping[str, Sequence[Numbers]]
    """Name, which the page translates -> of each sequence a number for every step, (steps,)."""
    labels: Sequence[str] = field(default=())
    """Names of the lines, or of the rows of an image from below; may be empty for an image."""
    name: str = mark("input")
    layers: str = ""
    """How the paths of the layers begin that read it; all do where it is empty."""
    stride: int = 1
    """Its steps to a step of those layers."""

    def steps(self, sequence: int) -> int:
        """How many a sequence has."""
        value = self.values[sequence]
        return value.frames if isinstance(value, Strip) else len(value)


# Texts


def of_characters(rows: Sequence[Sequence[str]], step: str) -> Track:
    """Texts as characters."""
    kinds: dict[str, Callable[[str], bool]] = {
        mark("is a space"): str.isspace,
        mark("is a vowel"): lambda character: character.lower() in VOWELS,
        mark("is a capital"): str.isupper,
        mark("is punctuation"): lambda character: (
            len(character) == 1 and not character.isalnum() and not character.isspace()
        ),
    }
    return Track(
        "tokens",
        rows,
        step,
        {
            **{name: [of_tokens(row, kind) for row in rows] for name, kind in kinds.items()},
            mark("position in the word"): [_since(row, lambda character: not character.isalnum()) for row in rows],
            mark("position in the line"): [_since(row, lambda character: character == NEW_LINE) for row in rows],
        },
    )


def of_words(rows: Sequence[Sequence[str]], step: str, **options: Any) -> Track:
    """Texts as words or parts of words; `options` are further fields of the track."""
    kinds: dict[str, Callable[[str], float]] = {
        mark("is punctuation"): lambda word: not any(map(str.isalnum, word)),
        mark("is a number"): lambda word: any(map(str.isdigit, word)),
        mark("begins with a capital"): lambda word: word.strip()[:1].isupper(),
        mark("length of the word"): lambda word: len(word.strip()),
    }
    properties: dict[str, list[Numbers]] = {
        **{name: [of_tokens(row, kind) for row in rows] for name, kind in kinds.items()},
        mark("position"): [np.arange(len(row), dtype=np.float64) for row in rows],
        mark("is the end"): [np.arange(len(row)) == len(row) - 1.0 for row in rows],
    }
    return Track("tokens", rows, step, properties, **options)


def of_tokens(row: Sequence[str], value: Callable[[str], float]) -> Numbers:
    """A number for each token, (steps,)."""
    return np.array([value(token) for token in row], np.float64)


def _since(row: Sequence[str], begins: Callable[[str], bool]) -> Numbers:
    """Steps since the last token that `begins` something anew."""
    result, count = np.zeros(len(row)), 0
    for index, token in enumerate(row):
        count = 0 if begins(token) else count + 1
        result[index] = count
    return result


# Numbers


def of_series(rows: Sequence[Numbers], labels: Sequence[str], step: str) -> Track:
    """Series (steps, series) each; units are compared with each, and with the change of the first."""
    properties = {label: [row[:, column] for row in rows] for column, label in enumerate(labels)}
    change = mark("change") if len(labels) == 1 else mark("change of the first line")
    changes = [np.diff(row[:, 0], prepend=row[:1, 0]) for row in rows]
    return Track("lines", rows, step, {**properties, change: changes}, labels=labels)
