"""What a task's modules offer, and what passes between them and the stages.

`tests/test_contract.py` holds every registered task to it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import argparse

    import keras
    import pandas as pd

    from pipelines.nn.checkpoints import Readout
    from pipelines.nn.datasets import Examples
    from pipelines.predict import Trained
    from pipelines.report.figures import Figure
    from pipelines.report.results import Results

Meta = dict[str, Any]
"""`meta.json`. Every task writes `targets`: name -> `features`, `outputs`, `splits`, `lookback`, `step`, `rows`, …"""

SPLITS = ("train", "valid", "test")
EXPLAINED = "explained"
"""Examples beside the splits: the test items that are explained, where those of the test split cannot be (they are padded, say)."""
FILES = "files"
"""Folder of an evaluation whose files a page offers as they are."""


@dataclass(frozen=True)
class Scores:
    """What one predictor scores on one target and split."""

    metrics: dict[str, float]
    losses: NDArray[np.float64]
    """Primary loss of each item, (items,), in time order: the paired statistics compare these."""
    samples: dict[str, NDArray[Any]] = field(default_factory=dict)
    """Whatever the task's figures draw."""


@dataclass(frozen=True)
class Suite:
    """A table and the Great Expectations expectations it must meet."""

    name: str
    table: "pd.DataFrame"
    expectations: Sequence[Any]


@dataclass(frozen=True)
class Answer:
    """What a trained network says when it is asked."""

    values: dict[str, Any]
    """Plain values, for JSON."""
    text: str
    """The same for people."""


@dataclass(frozen=True)
class Primary:
    """The metric that decides a target's comparison; lower is better."""

    metric: str
    reference: str
    """The baseline that a model must beat to be of any use."""

    @property
    def title(self) -> str:
        """The metric as a sentence names it: an abbreviation in capitals, or words."""
        return self.metric.replace("_", " ") if "_" in self.metric else self.metric.upper()


class Source(Protocol):
    """`source.py`."""

    SAMPLES: Collection[str]
    """What `source.samples` may name."""

    def collect(self, source: Any, files: Sequence[Path], destination: Path) -> dict[str, Any]:
        """Write raw data (the user's `files`, or the sample if there are none); return their provenance.

        `{"sample": bool, "parts": {name: {"origin": …, "licence": …}}, "unreadable": [sentence, …]}`
        """


class Data(Protocol):
    """`data.py`."""

    def prepare(self, raw: Path, data: Any, destination: Path) -> Meta:
        """Write arrays, splits and tables; return the meta."""

    def expectations(self, prepared: Path, meta: Meta, validation: Any) -> list[Suite]:
        """What must hold before anything is trained."""

    def datasets(self, prepared: Path, target: str) -> "Mapping[str, Examples]":
        """The examples of each split (and, if need be, `EXPLAINED`), read from disk as they are asked for."""


class Model(Protocol):
    """`model.py`."""

    def build(self, model: Any, meta: Meta, target: str) -> "keras.Model":
        """The network, not compiled."""

    def outputs(self, network: "keras.Model", examples: "Examples") -> Iterator[Any]:
        """The trained network's outputs for the examples of a split, a batch at a time, as `score.evaluate` reads them."""

    def readout(self, network: "keras.Model") -> "Readout":
        """The network as gradients and importance see it."""

    def illustrate(
        self, network: "keras.Model", prepared: Path, meta: Meta, target: str, params: Any, files: Path
    ) -> dict[str, NDArray[Any]]:
        """What else is shown of the explained seed, for the task's own figures: texts that it writes, and the like.

        What is to be heard or downloaded is written to the folder `files`.
        """


class Score(Protocol):
    """`score.py`."""

    AVERAGED: tuple[str, ...]
    """Metrics that mean the same on every target, so that their average is reported too."""

    def primary(self, target: str) -> Primary:
        """What decides on `target`."""

    def evaluate(
        self, prepared: Path, meta: Meta, target: str, split: str, outputs: Iterable[Any], params: Any
    ) -> Scores:
        """Score the batches that the model's `outputs` gives for a split."""

    def baselines(self, prepared: Path, meta: Meta, target: str, params: Any) -> dict[str, Scores]:
        """Score every baseline on the test split."""


class Figures(Protocol):
    """`figures.py`."""

    def draw(self, results: "Results", target: str, model: str | None) -> "list[Figure]":
        """Charts that only this task has: for a model's page, or for the task's page where `model` is None."""


class Predict(Protocol):
    """`predict.py`: `python -m pipelines predict <task> …`. Its options are seen without TensorFlow being imported."""

    def arguments(self, parser: "argparse.ArgumentParser") -> None:
        """Add the task's own arguments to those of all tasks (`--model`, `--json`)."""

    def answer(self, trained: "Trained", options: "argparse.Namespace") -> Iterator[Answer]:
        """Answers of the trained networks, one after the other."""
