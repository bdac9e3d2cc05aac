"""Every registered task, held to the contract on its own sample in the tiny profile."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines import artifacts, contract, params, paths, registry
from pipelines.params import Params
from pipelines.registry import Task
from pipelines.tasks.music.midi import KEYS

pytestmark = [pytest.mark.graph, pytest.mark.parametrize("task", registry.TASKS, ids=lambda task: task.name)]


@pytest.fixture
def loaded(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    monkeypatch.chdir(tiny)
    return params.load(tiny / "params.yaml")


def reads_tokens(about: dict[str, Any]) -> bool:
    """Whether the inputs are numbers of a vocabulary, and what is predicted the next one at every step."""
    return "vocabulary" in about


def reads_keys(about: dict[str, Any]) -> bool:
    """Whether the inputs are keys that sound, frame by frame, and what is predicted the keys of every frame."""
    return "group_of" in about


def steps(about: dict[str, Any], split: str) -> int:
    return int(about["splits"][split].get("window", about["lookback"]))


@pytest.mark.parametrize("part", ["source", "data", "model", "score", "figures", "predict"])
def test_a_tasks_modules_offer_what_the_contract_asks(task: Task, part: str) -> None:
    protocol = getattr(contract, part.capitalize())
    module = getattr(task, part)
    for name, member in vars(protocol).items():
        if inspect.isfunction(member) and not name.startswith("_"):
            expected = [p for p in inspect.signature(member).parameters if p != "self"]
            assert len(inspect.signature(getattr(module, name)).parameters) == len(expected), (
                f"{module.__name__}.{name}"
            )
            assert getattr(module, name).__doc__ or name == "build"


def test_the_meta_describes_every_target(task: Task, loaded: Params) -> None:
    meta = artifacts.read_json(paths.prepared(task.name) / "meta.json")
    for target, about in meta["targets"].items():
        examples = task.data.datasets(paths.prepared(task.name), target)
        for split in contract.SPLITS:
            assert len(examples[split]) == about["splits"][split]["windows"] > 0
            inputs, targets = examples[split].batch(np.array([0, len(examples[split]) - 1]))
            seen = len(about.get("group_of", about["features"]))
            assert inputs.shape == (2, steps(about, split), *(() if reads_tokens(about) else (seen,)))
            if reads_keys(about):
                assert targets.shape == (2, steps(about, split), KEYS)
            else:
                assert targets.shape == (2, steps(about, split) if reads_tokens(about) else len(about["outputs"]))
            assert np.isfinite(inputs).all()
            assert np.isfinite(targets).all()


def test_every_model_is_built_for_every_target(task: Task, loaded: Params) -> None:
    meta = artifacts.read_json(paths.prepared(task.name) / "meta.json")
    for model in loaded.task(task.name).models.values():
        for target, about in meta["targets"].items():
            network = task.model.build(model, meta, target)
            every_step = len(about["vocabulary"]) if reads_tokens(about) else KEYS if reads_keys(about) else None
            assert network.output_shape == ((None, None, every_step) if every_step else (None, len(about["outputs"])))


def test_scaling_and_vocabulary_are_fitted_on_the_training_part(task: Task, loaded: Params) -> None:
    """Over the training windows the inputs are about standardised; over others they need not be. Tokens all come up."""
    meta = artifacts.read_json(paths.prepared(task.name) / "meta.json")
    for target, about in meta["targets"].items():
        train = task.data.datasets(paths.prepared(task.name), target)["train"]
        inputs, _ = train.batch(np.arange(len(train)))
        if reads_keys(about):
            assert set(np.unique(inputs)) == {0, 1}
            continue
        if reads_tokens(about):
            assert set(range(2, len(about["vocabulary"]))) <= set(np.unique(inputs))
            continue
        assert abs(float(inputs[..., 0].mean())) < 0.1
        assert float(inputs[..., 0].std()) == pytest.approx(1, abs=0.15)


def test_the_reference_is_a_baseline_with_the_deciding_metric(task: Task, loaded: Params) -> None:
    meta = artifacts.read_json(paths.prepared(task.name) / "meta.json")
    metrics = artifacts.read_json(paths.baselines(task.name) / "metrics.json")
    for target in meta["targets"]:
        primary = task.score.primary(target)
        assert np.isfinite(metrics[target][primary.reference][primary.metric])
        losses = artifacts.read_arrays(paths.baselines(task.name) / target / "losses.npz")
        assert losses.keys() == metrics[target].keys()
        assert len({len(each) for each in losses.values()}) == 1


def test_the_metrics_file_has_mean_spread_and_cost(task: Task, loaded: Params) -> None:
    meta = artifacts.read_json(paths.prepared(task.name) / "meta.json")
    for model in loaded.models(task.name):
        metrics = artifacts.read_json(paths.metrics(task.name, model))
        assert metrics["seeds"] == len(loaded.task(task.name).training.seeds)
        assert set(metrics["cost"]) == {
            "parameters", "seconds_per_epoch", "epochs", "train_seconds", "peak_memory_mb"
        }  # fmt: skip
        for target in meta["targets"]:
            primary = task.score.primary(target).metric
            summary = metrics["test"].get(target, metrics["test"])[primary]  # one target: no level of its own
            assert summary["low"] <= summary["mean"] <= summary["high"]
        for metric in task.score.AVERAGED if len(meta["targets"]) > 1 else ():
            means = [metrics["test"][target][metric]["mean"] for target in meta["targets"]]
            assert metrics["test"][metric]["mean"] == pytest.approx(np.mean(means), rel=1e-5)


def test_the_reported_metric_is_that_of_the_stored_losses(task: Task, loaded: Params) -> None:
    """What the statistics compare is what the tables show."""
    meta = artifacts.read_json(paths.prepared(task.name) / "meta.json")
    for target in meta["targets"]:
        metric = task.score.primary(target).metric
        for model in loaded.models(task.name):
            folder = paths.evaluation(task.name, model)
            values = artifacts.read_json(folder / "evaluation.json")["values"]["test"][target][metric]
            losses = artifacts.read_arrays(folder / target / "losses.npz")["losses"].mean(1)
            expected = np.sqrt(losses) if metric == "rmse" else losses
            np.testing.assert_allclose(expected, values, rtol=0.02)
