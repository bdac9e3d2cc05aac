"""The stored results of a task, as its pages read them."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from pipelines import artifacts, paths
from pipelines.contract import Explanation, Meta, Microscope

Record = TypeVar("Record")
TaskMeta = TypeVar("TaskMeta", bound=Meta)


@dataclass(frozen=True)
class Results:
    """Everything stored about a task; files are read when asked for, JSON once."""

    task: str
    models: tuple[str, ...]
    _read: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def prepared(self) -> Path:
        """The task's prepared data."""
        return paths.prepared(self.task)

    @cached_property
    def meta(self) -> Meta:
        """What every page knows about the prepared data; the task's own meta may have more."""
        return Meta(self.target_meta, artifacts.read_json(self.prepared / "meta.json")["splitting"])

    def meta_as(self, kind: type[TaskMeta]) -> TaskMeta:
        """The meta as the task describes it."""
        return artifacts.read(self.prepared / "meta.json", kind)

    @cached_property
    def target_meta(self) -> dict[str, Any]:
        """The fields of `contract.Target` for each target, as plain values."""
        targets: dict[str, Any] = artifacts.read_json(self.prepared / "meta.json")["targets"]
        return targets

    @property
    def targets(self) -> list[str]:
        """Names, in order."""
        return list(self.target_meta)

    @cached_property
    def provenance(self) -> Any:
        """Where the data come from, with the hash of every file."""
        return artifacts.read_json(paths.raw(self.task) / "provenance.json")

    @cached_property
    def validation(self) -> Any:
        """The expectations and how they were met."""
        return artifacts.read_json(paths.validated(self.task))

    @cached_property
    def comparison(self) -> Any:
        """What `compare` wrote: decisions, statistics, baselines, pairs, cost."""
        return artifacts.read_json(paths.comparison(self.task))

    @property
    def decisions(self) -> Any:
        """The fields of `comparison.Decision` for each target, as plain values."""
        return self.comparison["decisions"]

    def metrics(self, model: str) -> Any:
        """The metrics file of a model."""
        return self._json(paths.metrics(self.task, model))

    def metric_title(self, name: str) -> str:
        """The name of a metric in reports."""
        metrics = self._json(paths.evaluation(self.task, self.models[0]) / "evaluation.json")["metrics"]
        return str(metrics[name]["title"]) if name in metrics else name.replace("_", " ")

    def training(self, model: str) -> Any:
        """What the training ran on, with which parameters, for how long."""
        return self._json(paths.model(self.task, model) / "training.json")

    def history(self, model: str) -> pd.DataFrame:
        """Target, seed, epoch, loss, valid_loss, gradient_norm, largest_gradient, learning_rate, seconds."""
        path = paths.history(self.task, model)
        with artifacts.reading(path):
            return pd.read_csv(path)

    def explanation(self, model: str, target: str) -> Explanation:
        """Gates, memory, gradients, importance of the explained seed."""
        return self._record(paths.evaluation(self.task, model) / target / "explanation.npz", Explanation)

    def microscope(self, model: str, target: str) -> Microscope:
        """Gates and states of the explained seed in some test sequences."""
        return self._record(paths.evaluation(self.task, model) / target / "microscope.npz", Microscope)

    def record(self, model: str, target: str, kind: type[Record]) -> Record:
        """What the task's charts draw of the explained seed."""
        return self._record(paths.evaluation(self.task, model) / target / "record.npz", kind)

    def illustration(self, model: str, target: str, kind: type[Record]) -> Record | None:
        """The task's own illustration of the explained seed; None if it could not be made."""
        path = paths.evaluation(self.task, model) / target / "illustration.npz"
        return self._record(path, kind) if path.exists() else None

    def files(self, model: str, target: str) -> Path:
        """Folder of the files to listen to or to download; it may not exist."""
        return paths.evaluation(self.task, model) / target / paths.FILES

    def baseline_records(self, target: str, kind: type[Record]) -> dict[str, Record]:
        """What the task's charts draw of each baseline."""
        return artifacts.read_record(paths.baselines(self.task) / target / "records.npz", dict[str, kind])  # type: ignore[valid-type]

    def baseline_failures(self, target: str) -> dict[str, str]:
        """Baselines that are left out -> why."""
        failures: dict[str, str] = self._json(paths.baselines(self.task) / "failures.json")[target]
        return failures

    def _json(self, path: Path) -> Any:
        if path not in self._read:
            self._read[path] = artifacts.read_json(path)
        return self._read[path]

    def _record(self, path: Path, kind: type[Record]) -> Record:
        if path not in self._read:
            self._read[path] = artifacts.read_record(path, kind)
        return self._read[path]
