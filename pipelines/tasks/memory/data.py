"""The prepared problems: their metadata, and their examples."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines import artifacts, contract
from pipelines.contract import Array, Batch, Dataset, Indices
from pipelines.nn.datasets import FORECAST, LABEL, NEXT, WINDOW
from pipelines.tasks.memory.problems import ADDING, COPY, DIGITS, draw

ANSWERS = {ADDING: FORECAST, COPY: NEXT, DIGITS: LABEL}
"""What each problem's head reads."""
PIXELS = 64


@dataclass(frozen=True)
class Problem(contract.Target):
    """One problem at one T."""

    problem: str
    length: int
    """T; 0 where there is none."""
    symbols: int
    """That are copied."""
    seed: int
    """Of the examples that are drawn."""
    examples: int
    """Of an epoch."""
    epochs: int
    """After which the same examples come again."""
    mean: float
    """Of the pixels of the training part; 0 for the other problems."""
    std: float
    solved_below: float | None
    """The problem is solved if the deciding metric is below this value; None: no such value is agreed on."""


@dataclass(frozen=True)
class Meta(contract.Meta):
    """`meta.json`."""

    targets: dict[str, Problem]


@dataclass(frozen=True)
class Drawn:
    """Training examples, drawn when a batch is asked for; every epoch has its own."""

    target: str
    problem: Problem
    streams: bool = False
    lengths: None = None

    @property
    def variants(self) -> int:
        """Epochs of different examples."""
        return self.problem.epochs

    def __len__(self) -> int:
        return self.problem.examples * self.problem.epochs

    def batch(self, indices: Indices) -> Batch:
        """`window` (batch, time, features) float32, and what is asked for."""
        windows, asked = draw(self.target, self.problem.symbols, self.problem.seed, 0, indices)
        return Batch({WINDOW: windows}, {ANSWERS[self.problem.problem]: asked})


@dataclass(frozen=True)
class Stored:
    """Examples on disk, memory-mapped."""

    windows: Array
    answers: Array
    name: str
    """Of the answers in a batch."""
    streams: bool = False
    variants: int = 1
    lengths: None = None

    def __len__(self) -> int:
        return len(self.windows)

    def batch(self, indices: Indices) -> Batch:
        """`window` (batch, time, features) float32, and what is asked for."""
        return Batch({WINDOW: np.asarray(self.windows[indices])}, {self.name: np.asarray(self.answers[indices])})


def save(folder: Path, split: str, windows: Array, answers: Array) -> None:
    """Write a split that is stored."""
    artifacts.write_array(folder / f"{split}.npy", windows)
    artifacts.write_array(folder / f"{split}-answers.npy", answers)


def stored(prepared: Path, target: str, problem: Problem, split: str) -> Stored:
    """A split that `save` wrote."""
    folder = prepared / target
    windows, answers = (artifacts.read_array(folder / f"{split}{part}.npy") for part in ("", "-answers"))
    return Stored(windows, answers, ANSWERS[problem.problem])


def datasets(prepared: Path, meta: Meta, target: str) -> dict[str, Dataset]:
    """Validation and test examples as stored; those for training drawn anew in every epoch, but for the digits."""
    problem = meta.targets[target]
    train = stored(prepared, target, problem, "train") if problem.problem == DIGITS else Drawn(target, problem)
    return {"train": train, **{split: stored(prepared, target, problem, split) for split in ("valid", "test")}}
