"""Everything the stages left about one task, read when asked for."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines import artifacts, paths
from pipelines.contract import FILES


@dataclass(frozen=True)
class Results:
    """The files of one task, by what they mean."""

    task: str
    models: tuple[str, ...]

    @property
    def prepared(self) -> Path:
        """The prepared folder, for tables that a task's own figures draw."""
        return paths.prepared(self.task)

    @cached_property
    def meta(self) -> Any:
        """`meta.json` of the prepared data."""
        return artifacts.read_json(self.prepared / "meta.json")

    @cached_property
    def source(self) -> Any:
        """Provenance of the raw data."""
        return artifacts.read_json(paths.raw(self.task) / "source.json")

    @cached_property
    def validation(self) -> Any:
        """Results of the expectations."""
        return artifacts.read_json(paths.validated(self.task))

    @cached_property
    def comparison(self) -> Any:
        """The small numbers of the comparison."""
        return artifacts.read_json(paths.comparison_metrics(self.task))

    @cached_property
    def verdict(self) -> Any:
        """The comparison's verdict in words, per target."""
        return artifacts.read_json(paths.comparison(self.task) / "verdict.json")

    @cached_property
    def targets(self) -> list[str]:
        """Names of the targets."""
        return list(self.meta["targets"])

    def metrics(self, model: str) -> Any:
        """The metrics file of a model."""
        return artifacts.read_json(paths.metrics(self.task, model))

    def training(self, model: str) -> Any:
        """What the training ran on, with which parameters, for how long."""
        return artifacts.read_json(paths.model(self.task, model) / "training.json")

    def history(self, model: str) -> pd.DataFrame:
        """Target, seed, epoch, loss, valid_loss, gradient_norm, learning_rate, seconds."""
        return pd.read_csv(paths.model(self.task, model) / "history.csv")

    def evaluation(self, model: str) -> Any:
        """Small numbers of the explanations, per target."""
        return artifacts.read_json(paths.evaluation(self.task, model) / "evaluation.json")

    def samples(self, model: str, target: str) -> dict[str, NDArray[np.generic]]:
        """What the task's figures draw of the explained seed."""
        return artifacts.read_arrays(paths.evaluation(self.task, model) / target / "samples.npz")

    def illustrations(self, model: str, target: str) -> dict[str, NDArray[np.generic]]:
        """What else is shown of the explained seed."""
        return artifacts.read_arrays(paths.evaluation(self.task, model) / target / "illustrations.npz")

    def files(self, model: str, target: str) -> Path:
        """Folder of what can be heard or downloaded, if there is anything."""
        return paths.evaluation(self.task, model) / target / FILES

    def explanation(self, model: str, target: str, kind: str) -> dict[str, NDArray[np.generic]]:
        """Arrays of `gates`, `memory`, `gradients` or `importance`."""
        return artifacts.read_arrays(paths.evaluation(self.task, model) / target / f"{kind}.npz")

    def baseline_samples(self, baseline: str, target: str) -> dict[str, NDArray[np.generic]]:
        """What the task's figures draw of a baseline."""
        stored = artifacts.read_arrays(paths.baselines(self.task) / target / "samples.npz")
        prefix = f"{baseline}/"
        return {key.removeprefix(prefix): value for key, value in stored.items() if key.startswith(prefix)}
