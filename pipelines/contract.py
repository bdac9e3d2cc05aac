"""The types that stages, tasks and shared packages exchange. Imports NumPy and typing only.

The interface of each file of a task is in `pipelines/task.py`, beside the class that loads it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
"""Rows of a dataset, (batch,)."""

SPLITS = ("train", "valid", "test")
EXPLAINED = "explained"
"""A dataset beside the splits: the test examples that are explained, where those of the test split cannot be."""


# Data


@dataclass(frozen=True)
class Batch:
    """Some examples of a dataset; every array has a leading batch axis."""

    inputs: dict[str, Array]
    """By the names of the network's inputs."""
    targets: dict[str, Array]
    """By the names that the head reads; lengths too, where a loss needs them."""
    weights: Array | None = None
    """(batch,) or (batch, time) float32: 0 marks padding, which neither loss nor metric counts. None: no padding."""


class Dataset(Protocol):
    """A split: examples with random access; only the requested batch is in memory."""

    @property
    def streams(self) -> bool:
        """Whether the examples follow each other, so that a network may carry its state from one to the next."""

    @property
    def variants(self) -> int:
        """Augmented versions of the data, one after the other; training reads one of them an epoch."""

    @property
    def lengths(self) -> Indices | None:
        """Steps of each example, (examples,); None where all have the same. Examples of like lengths make a batch."""

    def __len__(self) -> int: ...

    def batch(self, indices: Indices) -> Batch:
        """The examples at `indices`, padded to one length."""


@runtime_checkable
class ManyInputs(Protocol):
    """A `Dataset` with inputs of which a network reads some: models of one task may begin with different ones."""

    def reading(self, inputs: Collection[str]) -> Self:
        """The same examples with these inputs alone, so that no others are read from disk."""


Datasets = Mapping[str, Any]
"""Split (and perhaps `EXPLAINED`) -> a `Dataset`."""


@dataclass(frozen=True)
class BatchPrediction:
    """The outputs of a network for a batch of examples, and the indices of these."""

    indices: Indices
    outputs: Array


Predictions = Iterator[BatchPrediction]


@dataclass(frozen=True)
class Split:
    """One part of a target's data."""

    windows: int
    """Examples."""
    note: str
    """What they are, in words."""


@dataclass(frozen=True)
class Target:
    """What every stage knows about a target; each task adds its own fields."""

    features: list[str]
    """Names of a step's inputs."""
    outputs: list[str]
    """What is predicted, or what the explanations explain."""
    lookback: int
    """Steps of an example that is explained."""
    step: str
    """What a step is called: week, character, frame."""
    rows: int
    """Steps of all parts together."""
    splits: Mapping[str, Split]
    left_out: dict[str, str] = field(default_factory=dict, kw_only=True)
    """Features that are not used -> why."""
    groups: list[int] = field(default_factory=list, kw_only=True)
    """Index of the feature that each dimension of a step belongs to, where features have several dimensions."""


@dataclass(frozen=True)
class Meta:
    """`meta.json` of the prepared data."""

    targets: Mapping[str, Any]
    """Name -> the task's own `Target`."""
    splitting: str
    """How the data were split, in words."""


@dataclass(frozen=True)
class Source:
    """`source.json` of the raw data: its origin."""

    sample: bool
    parts: dict[str, dict[str, str]]
    """Name -> `origin`, `licence` and whatever else the task notes."""
    unreadable: list[str] = field(default_factory=list)
    """A sentence for each file, or kind of line of a file, that was left out."""
    notes: list[str] = field(default_factory=list)
    """A sentence for each kind of data that is used, and that a user should know of."""


@dataclass(frozen=True)
class Suite:
    """A table and the Great Expectations expectations that it must meet."""

    name: str
    table: Any
    """A `pandas.DataFrame`."""
    expectations: Sequence[Any]


# Scores


@dataclass(frozen=True)
class Metric:
    """A number that a model is judged by."""

    name: str
    """Its key in `metrics/*.json`."""
    title: str
    """Its name in reports."""
    lower_is_better: bool = True

    def best(self, values: Mapping[str, float]) -> str:
        """The key of the best value."""
        return (min if self.lower_is_better else max)(values, key=lambda name: values[name])

    def gain(self, value: float, other: float) -> float:
        """By how much `value` is better than `other`, in the metric's unit; below zero: worse."""
        return other - value if self.lower_is_better else value - other


@dataclass(frozen=True)
class Primary:
    """What decides a target's comparison."""

    metric: Metric
    reference: str
    """The baseline that a model must beat to be of any use."""
    lags: int = 1
    """Neighbouring test items whose losses may be correlated, in the order of the items; 0: items are independent."""
    dependence: str = "neighbouring items"
    """Why items depend on each other, or that they do not, in words."""


@dataclass(frozen=True)
class Evaluation:
    """What one predictor scores on one target and split."""

    metrics: dict[str, float]
    losses: Floats
    """(items,): a loss of each item, which the paired tests compare; lower is better. Items are ordered as `Primary.lags` expects."""
    record: Any = None
    """A dataclass of the task: what its charts draw."""
    own_losses: Floats | None = None
    """(items,): what models are compared with each other by, where that is a loss that baselines do not have, such as a likelihood."""
    clusters: Indices | None = None
    """(items,): items with the same number depend on each other, such as utterances of one speaker; `Primary.lags` is then ignored."""


# Explanations


Importances = Literal["permutation Shapley values", "integrated gradients"]


@dataclass(frozen=True)
class GateRecord:
    """One gate (or the candidate) of a layer."""

    values: Array
    """(examples, time, units) float32 of the examples that are drawn; NaN at padded steps."""
    closed: Array | None = None
    """Share of steps below 0.1, (units,); None for the candidate."""
    open: Array | None = None
    """Share of steps above 0.9."""


@dataclass(frozen=True)
class LayerRecord:
    """What happened inside one recurrent layer, or one direction of it."""

    layer: str
    direction: str
    cell: str
    reading: str
    """How to read the gates of this cell."""
    discrepancy: float
    """Largest relative difference between the recomputed step and the layer's own."""
    gates: dict[str, GateRecord]
    gate_time_constant: float | None
    """Median over units, in steps."""
    autocorrelation_time: float

    @property
    def name(self) -> str:
        """For headings."""
        return self.layer if self.direction == "forward" else f"{self.layer}, backward"


@dataclass(frozen=True)
class MemoryRecord:
    """The memory of one layer: of the units most correlated with the output, and how long all of them remember."""

    layer: str
    direction: str
    units: Array
    correlations: Array
    hidden_state: Array
    """(examples, time, units) float32."""
    cell_state: Array | None
    autocorrelation_times: Array
    """In steps, (all units,)."""
    gate_time_constants: Array | None


@dataclass(frozen=True)
class GradientRecord:
    """Magnitude of the gradient of one output with respect to every step: mean, 10 % and 90 % quantile, (time,) each."""

    output: str
    mean: Array
    low: Array
    high: Array
    memory_length: float
    """How many of the last steps hold 90 % of the mean magnitude."""


@dataclass(frozen=True)
class ImportanceRecord:
    """What every feature at every step adds to the output."""

    method: Importances
    baseline: str
    """What an absent input is replaced by, in words."""
    windows: int
    additivity_error: float
    values: Array
    """(windows, time, features) float32."""


@dataclass(frozen=True)
class Explanation:
    """All that is explained of one seed of a model on one target. A part that failed is None, and `failures` says why."""

    seed: int
    windows: int
    layers: list[LayerRecord]
    memory: MemoryRecord | None
    gradients: list[GradientRecord]
    importance: ImportanceRecord | None
    failures: dict[str, str]
    """Part that could not be computed -> the reason."""


# The microscope


@dataclass(frozen=True)
class Levels:
    """Numbers as bytes: 0 to 254 from `low` to `high`, 255 at masked steps. They are off by at most (`high` − `low`) / 508."""

    levels: NDArray[np.uint8]
    """(sequences, time, units), in the order of the input."""
    low: Array
    """(units,) float32."""
    high: Array


@dataclass(frozen=True)
class MicroscopeLayer:
    """One recurrent layer, or one direction of it, in the sequences of the microscope. All arrays are of the units that are kept."""

    layer: str
    direction: str
    cell: str
    reading: str
    """How to read the gates of this cell."""
    units: Array
    """Their numbers in the layer, ascending: those whose memory varies most."""
    all_units: int
    """Units of the layer."""
    gates: dict[str, Levels]
    """Of the whole sequences; the candidate is listed with the gates."""
    states: dict[str, Levels]
    """`cell_state`, where there is one, and `hidden_state`; the first is the memory."""
    steps: Array
    """Steps kept of each whole sequence, (sequences,); those after it are masked."""
    all_steps: Array
    """Steps that it has, (sequences,)."""
    further: Levels
    """The memory in further sequences, in which alike places are sought."""
    further_steps: Array
    saturation: dict[str, dict[str, Array]]
    """Gate -> `closed`, `open` -> share of steps, (units,)."""
    gate_time_constants: Array | None
    """In steps, (units,); None without a gate that keeps the memory."""
    autocorrelation_times: Array


@dataclass(frozen=True)
class Microscope:
    """The inside of one network in some test sequences."""

    sequences: list[Array]
    """Rows of the explained examples that make up each whole sequence: one, or several that follow each other."""
    further: list[Array]
    """Those of the further sequences."""
    layers: list[MicroscopeLayer]
