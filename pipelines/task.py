"""A task, and the interface of each of its files. `tests/test_contract.py` checks every task against it."""

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pipelines import artifacts, names, paths
from pipelines.contract import Datasets, Evaluation, Indices, Meta, Metric, Predictions, Primary, Source, Suite
from pipelines.errors import ParameterError
from pipelines.printing import shortened

if TYPE_CHECKING:
    import argparse

    import keras

    from pipelines.nn.export import RawFunction
    from pipelines.nn.heads import Head
    from pipelines.nn.views import View
    from pipelines.params.blocks import Block
    from pipelines.predict import Prediction, TrainedNetworks
    from pipelines.report.figures import Figure
    from pipelines.report.tracks import Track
    from pipelines.results import Results


@dataclass(frozen=True)
class Task:
    """One problem: a folder `pipelines/tasks/<name>/` with a file for each stage and `params.py`, and a block in `params.yaml`.

    A file is imported only when its stage runs.
    """

    name: str

    def __post_init__(self) -> None:
        if why := names.fault_of_identifier(self.name) or ("-" in self.name and "a task's has no -"):
            raise ValueError(f"{self.name!r} cannot be a task: {why}")

    def stage(self, kind: str) -> Any:
        """The task's module for one kind of stage."""
        return import_module(f"pipelines.tasks.{self.name}.{kind}")

    def params(self, blocks: dict[str, Any] | None = None) -> Any:
        """The task's block of `params.yaml`, or of `blocks`; raise `ParameterError` for a wrong key or value."""
        from pipelines import params

        kind: type[Block] = self.stage("params").Params
        return params.block(self.name, kind) if blocks is None else params.checked(self.name, kind, blocks)

    def check_names(self, params: "Block") -> None:
        """Raise `ParameterError` for a key of `params` that names a target or a part of the data which there is not.

        Those of the sample are always allowed: their values stay in `params.yaml` while other data are used.
        """
        from pipelines.params.blocks import data_names

        source, meta = paths.raw(self.name) / "source.json", paths.prepared(self.name) / "meta.json"
        if not source.exists():
            return
        known = [*artifacts.read_json(source)["parts"], *self.stage("collect").SAMPLES, *params.train.TARGETS]
        known += artifacts.read_json(meta)["targets"] if meta.exists() else []
        for where, name in data_names(params):
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                hint = (
                    f"did you mean {close[0]}?" if close else f"there are {shortened(', '.join(dict.fromkeys(known)))}"
                )
                raise ParameterError(
                    f"{paths.PARAMS}: {self.name}.{where}.{name}: the data of the task have nothing of that name; {hint}"
                )


class Collect(Protocol):
    """`collect.py`."""

    SAMPLES: Collection[str]
    """What `collect.samples` may name."""

    def collect(self, params: Any, files: Sequence[Path], destination: Path) -> Source:
        """Write raw data: the user's `files`, or the sample if there are none."""


class Prepare(Protocol):
    """`prepare.py`."""

    def prepare(self, raw: Path, params: Any, destination: Path) -> Meta:
        """Write arrays, splits and tables."""


class Validate(Protocol):
    """`validate.py`."""

    Meta: type[Meta]

    def expectations(self, prepared: Path, meta: Any, params: Any) -> list[Suite]:
        """What must hold before anything is trained."""


class Baselines(Protocol):
    """`baselines.py`."""

    Meta: type[Meta]

    def baselines(self, prepared: Path, meta: Any, target: str, params: Any) -> Mapping[str, Callable[[], Evaluation]]:
        """Every baseline: what estimates it and scores it on the test split."""


class Train(Protocol):
    """`train.py`."""

    Meta: type[Meta]

    def datasets(self, prepared: Path, meta: Any, target: str) -> Datasets:
        """The examples of each split, read from disk as they are asked for."""

    def head(self, meta: Any, target: str, params: Any) -> "Head":
        """What turns hidden states into the target's output."""

    def build(self, model: Any, meta: Any, target: str, head: "Head") -> "keras.Model":
        """The network, not compiled; its inputs and their names are those of the datasets' batches."""


class Evaluate(Protocol):
    """`evaluate.py`; it offers `datasets` and `head` too."""

    Meta: type[Meta]
    METRICS: Mapping[str, Metric]
    """Every metric that an evaluation has, by its key."""
    AVERAGED: tuple[str, ...]
    """Metrics that mean the same on every target, so that their average is reported too."""

    def datasets(self, prepared: Path, meta: Any, target: str) -> Datasets:
        """As for training."""

    def head(self, meta: Any, target: str, params: Any) -> "Head":
        """As for training."""

    def predictions(
        self, network: "keras.Model", head: "Head", meta: Any, target: str, dataset: Any, params: Any
    ) -> Predictions:
        """The outputs of the trained network for a split, a batch at a time, as `evaluate` reads them."""

    def evaluate(
        self, prepared: Path, meta: Any, target: str, split: str, predictions: Predictions, params: Any
    ) -> Evaluation:
        """Score the predictions of a split."""

    def view(self, network: "keras.Model", head: "Head", meta: Any, target: str) -> "View":
        """The network as the explanations see it."""

    def illustrate(
        self, network: "keras.Model", head: "Head", prepared: Path, meta: Any, target: str, params: Any, files: Path
    ) -> Any:
        """An illustration of the explained seed, as a dataclass for `report.py`, or None.

        Files to listen to or to download are written to the folder `files`.
        """


class Compare(Protocol):
    """`compare.py`."""

    Meta: type[Meta]

    def primary(self, meta: Any, target: str) -> Primary:
        """What decides on `target`."""


class Release(Protocol):
    """`release.py`."""

    Meta: type[Meta]
    PIPELINE: str
    """What Hugging Face calls tasks of this kind: the `pipeline_tag` of the model cards."""
    USE: str
    """What the models are for, in a sentence or two."""
    LIMITS: Sequence[str]
    """What they are not for, or not tested on, a sentence each."""

    def raw_function(
        self, network: "keras.Model", meta: Any, target: str, params: Any, prepared: Path
    ) -> "RawFunction":
        """The trained network as a function from raw input to answer, which a SavedModel computes without this project."""


class Report(Protocol):
    """`report.py`."""

    TITLE: str
    """What the task is called in reports."""
    QUESTION: str
    """What it asks."""
    SEQUENCE: str
    """What its sequences are, as readers who choose a cell for a problem of their own would say: measurements, text, …"""

    def figures(self, results: "Results", target: str, model: str | None) -> "list[Figure]":
        """Charts that only this task has: for a model's page, or for the task's page where `model` is None."""

    def tracks(self, results: "Results", target: str, sequences: Sequence[Indices]) -> "Sequence[Track]":
        """What the recurrent layers read in some sequences, each given by the rows of the explained examples that make it up."""


class Predict(Protocol):
    """`predict.py`: `python -m pipelines predict TASK …`. Its options are parsed before TensorFlow is imported."""

    def arguments(self, parser: "argparse.ArgumentParser") -> None:
        """Add the task's own arguments to those of all tasks (`--model`, `--json`)."""

    def predict(self, trained: "TrainedNetworks", options: "argparse.Namespace") -> "Iterator[Prediction]":
        """Predictions of the trained networks, one after the other.

        A file that it writes is named by `pipelines.predict.output_file` and replaced by `artifacts.replacing`.
        """


STAGES: dict[str, type] = {
    "collect": Collect,
    "prepare": Prepare,
    "validate": Validate,
    "baselines": Baselines,
    "train": Train,
    "evaluate": Evaluate,
    "compare": Compare,
    "release": Release,
    "report": Report,
}
"""Kind of stage -> interface of the task's file of that name. `predict.py` belongs to no stage: users run it."""
