"""Every registered task is checked against the contract, on its own sample in the tiny profile."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines import artifacts, contract, params, paths, registry
from pipelines.contract import EXPLAINED, SPLITS, Array, Explanation
from pipelines.nn.datasets import for_network
from pipelines.results import Results
from pipelines.task import STAGES, Predict, Task
from tests.conftest import ROOT

pytestmark = [pytest.mark.graph, pytest.mark.parametrize("task", registry.TASKS, ids=lambda task: task.name)]
SPECIAL_TOKENS = 4
"""The first indices of a vocabulary may mean padding, unknown, begin or end, which training data need not contain."""
EXAMPLES = np.array([0, 1])


@pytest.fixture
def graph(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The finished tiny graph, as the current folder."""
    monkeypatch.chdir(tiny)
    params.values.cache_clear()
    yield tiny
    params.values.cache_clear()


def meta_of(task: Task) -> Any:
    return artifacts.read(paths.prepared(task.name) / "meta.json", task.stage("train").Meta)


def datasets_of(task: Task) -> dict[str, contract.Datasets]:
    """The datasets of every target."""
    meta, prepared = meta_of(task), paths.prepared(task.name)
    return {target: task.stage("train").datasets(prepared, meta, target) for target in meta.targets}


def whole(dataset: contract.Dataset) -> contract.Batch:
    """All examples of a split as one batch."""
    return dataset.batch(np.arange(len(dataset)))


# Modules


@pytest.mark.parametrize("kind", [*STAGES, "predict"])
def test_stage_module_implements_its_protocol(task: Task, kind: str) -> None:
    protocol, module = STAGES.get(kind, Predict), task.stage(kind)
    for name in protocol.__annotations__:
        assert hasattr(module, name), f"{module.__name__}.{name}"
    for name, member in vars(protocol).items():
        if inspect.isfunction(member) and not name.startswith("_"):
            expected = [p for p in inspect.signature(member).parameters if p != "self"]
            offered = getattr(module, name)
            assert len(inspect.signature(offered).parameters) == len(expected), f"{module.__name__}.{name}"
            assert offered.__doc__, f"{module.__name__}.{name}"


def test_stage_modules_share_one_meta_class(task: Task) -> None:
    kinds = {task.stage(kind).Meta for kind, protocol in STAGES.items() if "Meta" in protocol.__annotations__}
    assert len(kinds) == 1
    assert all(issubclass(kind, contract.Meta) for kind in kinds)


def test_evaluate_metrics_have_the_names_of_their_keys(task: Task) -> None:
    stage = task.stage("evaluate")
    assert {metric.name: metric for metric in stage.METRICS.values()} == stage.METRICS
    assert set(stage.AVERAGED) <= set(stage.METRICS)


# Prepared data


def test_targets_are_those_that_the_parameters_may_name(task: Task, graph: Path) -> None:
    """Where the data decide on them, `TARGETS` is empty, and `Task.check_names` asks the data."""
    params = task.params()
    assert not params.train.TARGETS or set(meta_of(task).targets) <= set(params.train.TARGETS)
    task.check_names(params)


def test_datasets_have_the_sizes_in_the_meta(task: Task, graph: Path) -> None:
    for target, meta in meta_of(task).targets.items():
        examples = datasets_of(task)[target]
        assert {split: len(examples[split]) for split in SPLITS} == {
            split: part.windows for split, part in meta.splits.items()
        }
        assert min(len(dataset) for dataset in examples.values()) > 0


def test_batch_has_one_row_of_finite_values_per_example(task: Task, graph: Path) -> None:
    for examples in datasets_of(task).values():
        for dataset in examples.values():
            batch = dataset.batch(np.array([0, len(dataset) - 1]))
            for array in (*batch.inputs.values(), *batch.targets.values()):
                assert len(array) == 2
                assert np.isfinite(array).all()


def test_batch_examples_do_not_depend_on_the_rest_of_the_batch(task: Task, graph: Path) -> None:
    """Except for padding, where lengths differ."""
    for examples in datasets_of(task).values():
        for dataset in examples.values():
            last = len(dataset) - 1
            alone, together = dataset.batch(np.array([last])), dataset.batch(np.array([last, 0]))
            for part in ("inputs", "targets"):
                for name, array in getattr(alone, part).items():
                    other = getattr(together, part)[name][0]
                    np.testing.assert_array_equal(other[: array.shape[1]] if array.ndim > 1 else other, array[0])


def test_batch_weights_are_a_mask_that_keeps_part_of_every_example(task: Task, graph: Path) -> None:
    for examples in datasets_of(task).values():
        for dataset in examples.values():
            weights = whole(dataset).weights
            if weights is not None:
                assert set(np.unique(weights)) <= {0, 1}
                assert weights.reshape(len(dataset), -1).any(1).all()


def test_batch_inputs_have_one_column_per_feature(task: Task, graph: Path) -> None:
    for target, meta in meta_of(task).targets.items():
        assert set(meta.groups) <= set(range(len(meta.features)))
        for array in datasets_of(task)[target]["train"].batch(EXAMPLES).inputs.values():
            if array.ndim == 3 and (meta.groups or len(meta.features) > 1):  # all columns are of a single feature
                assert array.shape[2] == len(meta.groups or meta.features)


def test_datasets_explained_examples_have_the_lookback_in_the_meta(task: Task, graph: Path) -> None:
    for target, meta in meta_of(task).targets.items():
        examples = datasets_of(task)[target]
        explained = examples.get(EXPLAINED, examples["test"])
        first = next(iter(explained.batch(EXAMPLES[:1]).inputs.values()))
        if explained.lengths is None:
            assert first.shape[1] == meta.lookback
        else:
            assert first.shape[1] <= max(meta.lookback, explained.lengths.max())


def test_prepare_fits_scaling_on_the_training_part(task: Task, graph: Path) -> None:
    """Values other than zeros and ones are standardised over the training windows; over the others they need not be."""
    for examples in datasets_of(task).values():
        for array in whole(examples["train"]).inputs.values():
            if np.issubdtype(array.dtype, np.floating) and not np.isin(array, (0, 1)).all():
                first = array[..., 0]
                if examples["train"].lengths is not None:  # padding is zero
                    first = np.concatenate(
                        [row[:size] for row, size in zip(first, examples["train"].lengths, strict=True)]
                    )
                # Principal components share a scale.
                scaled = first if first.std() == pytest.approx(1, abs=0.15) else array
                assert abs(scaled.mean()) < 0.1
                assert scaled.std() == pytest.approx(1, abs=0.15)


def test_prepare_fits_the_vocabulary_on_the_training_part(task: Task, graph: Path) -> None:
    """No other split has a token that training has not seen, except special ones."""
    for examples in datasets_of(task).values():
        seen, others = tokens_in(examples["train"]), (tokens_in(examples[split]) for split in ("valid", "test"))
        for tokens in others:
            assert tokens.keys() == seen.keys()
            for name, found in tokens.items():
                assert max(found - seen[name], default=0) < SPECIAL_TOKENS


def tokens_in(dataset: contract.Dataset) -> dict[str, set[int]]:
    """The different tokens of each input that holds tokens."""
    return {
        name: set(np.unique(array).tolist())
        for name, array in whole(dataset).inputs.items()
        if np.issubdtype(array.dtype, np.signedinteger)  # pixels are unsigned
    }


# Networks


def test_build_gives_outputs_that_fit_the_loss_of_the_head(task: Task, graph: Path) -> None:
    """Every model of the real parameters, on the tiny data."""
    stage, meta = task.stage("train"), meta_of(task)
    block = params.block(task.name, task.stage("params").Params, ROOT / "params.yaml")
    for target, examples in datasets_of(task).items():
        head = stage.head(meta, target, block.train.of(target))
        for name, model in block.models.items():
            network = stage.build(model, meta, target, head)
            batch = for_network(examples["train"], network).batch(EXAMPLES)
            assert set(network.input) == set(batch.inputs), name
            losses = np.asarray(head.loss(batch.targets, network(batch.inputs)))
            assert np.isfinite(losses).all(), name
            if batch.weights is None:
                assert losses.ndim <= 2, name
                assert losses.shape[0] == len(EXAMPLES), name
            else:
                assert losses.shape == batch.weights.shape, name


def test_explanation_has_no_failures(task: Task, graph: Path) -> None:
    for model in task.params().models:
        for target in meta_of(task).targets:
            folder = paths.evaluation(task.name, model) / target
            explained = artifacts.read_record(folder / "explanation.npz", Explanation)
            assert explained.failures == {}, f"{model} on {target}"


def test_tracks_have_the_steps_of_the_layers_that_read_them(task: Task, graph: Path) -> None:
    """Of every sequence of the microscope; and each property has a number for every step."""
    stage, results = task.stage("report"), Results(task.name, tuple(task.params().models))
    for model in results.models:
        for target in results.targets:
            record = results.microscope(model, target)
            sequences = [*record.sequences, *record.further]
            tracks = stage.tracks(results, target, sequences)
            assert record.layers, f"{model} on {target}"
            for layer in record.layers:
                (track,) = (track for track in tracks if layer.layer.startswith(track.layers))
                steps = [-(-track.steps(sequence) // track.stride) for sequence in range(len(sequences))]
                whole = len(record.sequences)
                assert steps[:whole] == layer.all_steps.tolist(), f"{model} on {target}: {layer.layer}"
                assert (layer.further_steps <= steps[whole:]).all()
                for name, rows in track.properties.items():
                    assert [len(row) for row in rows] == [track.steps(row) for row in range(len(sequences))], name


# Results


def test_primary_reference_is_a_baseline_with_the_primary_metric(task: Task, graph: Path) -> None:
    meta = meta_of(task)
    metrics = artifacts.read_json(paths.baselines(task.name) / "metrics.json")
    for target in meta.targets:
        primary = task.stage("compare").primary(meta, target)
        assert primary.metric in task.stage("evaluate").METRICS.values()
        for baseline in metrics[target].values():
            assert np.isfinite(baseline[primary.metric.name])
        assert primary.reference in metrics[target]


def test_losses_of_models_and_baselines_are_of_the_same_items(task: Task, graph: Path) -> None:
    for target in meta_of(task).targets:
        baselines = artifacts.read_arrays(paths.baselines(task.name) / target / "losses.npz")
        assert baselines.keys() == artifacts.read_json(paths.baselines(task.name) / "metrics.json")[target].keys()
        items = {len(losses) for losses in baselines.values()}
        for model, block in task.params().models.items():
            losses = losses_of(task, model, target)
            assert losses.ndim == 2, block
            assert len(losses) == len(task.params().train.seeds)
            items.add(losses.shape[1])
        assert len(items) == 1


def losses_of(task: Task, model: str, target: str) -> Array:
    """(seeds, items)."""
    return artifacts.read_arrays(paths.evaluation(task.name, model) / target / "losses.npz")["losses"]


def test_metrics_file_has_mean_and_spread_of_every_target(task: Task, graph: Path) -> None:
    meta = meta_of(task)
    for model in task.params().models:
        metrics = artifacts.read_json(paths.metrics(task.name, model))
        assert metrics["seeds"] == len(task.params().train.seeds)
        for split in ("test", "valid"):
            assert metrics[split].keys() == meta.targets.keys()
        for target in meta.targets:
            summary = metrics["test"][target][task.stage("compare").primary(meta, target).metric.name]
            assert summary["low"] <= summary["mean"] <= summary["high"]


def test_metrics_file_has_the_cost(task: Task, graph: Path) -> None:
    for model in task.params().models:
        assert set(artifacts.read_json(paths.metrics(task.name, model))["cost"]) == {
            "parameters", "parameters_without_embeddings", "seconds_per_epoch", "epochs", "train_seconds", "peak_memory_mb",
            "inference_ms", "inference_batch",
        }  # fmt: skip


def test_comparison_decides_on_every_target(task: Task, graph: Path) -> None:
    found = artifacts.read_json(paths.comparison(task.name))
    models = task.params().models.keys()
    assert found["decisions"].keys() == found["statistics"].keys() == meta_of(task).targets.keys()
    assert found["models"].keys() == found["cost"]["models"].keys() == models
    for target, decision in found["decisions"].items():
        assert decision["use"] in {*models, *found["baselines"][target]}
        assert {decision["best"], *decision["alike"], *decision["worse"]} == models
        assert found["cost"]["to_reach"][target]["models"].keys() == models


def test_clusters_are_there_for_every_test_item_or_for_none(task: Task, graph: Path) -> None:
    for target in meta_of(task).targets:
        for model in task.params().models:
            stored = artifacts.read_arrays(paths.evaluation(task.name, model) / target / "losses.npz")
            if "clusters" in stored:
                assert len(stored["clusters"]) == stored["losses"].shape[1]
                assert len(np.unique(stored["clusters"])) > 1


def test_metrics_file_averages_are_means_over_the_targets(task: Task, graph: Path) -> None:
    for model in task.params().models:
        metrics = artifacts.read_json(paths.metrics(task.name, model))
        assert set(metrics["average"]) == set(task.stage("evaluate").AVERAGED)
        for metric, average in metrics["average"].items():
            means = [of_target[metric]["mean"] for of_target in metrics["test"].values()]
            assert average["mean"] == pytest.approx(np.mean(means), rel=1e-5)


def test_primary_metric_agrees_with_the_stored_losses(task: Task, graph: Path) -> None:
    """What the statistics compare is what the tables show: the mean of the losses, or its root."""
    meta = meta_of(task)
    metrics = {target: task.stage("compare").primary(meta, target).metric for target in meta.targets}
    # Losses are better when lower, so a metric that is better when higher is not a mean of them.
    chosen = {target: metric.name for target, metric in metrics.items() if metric.lower_is_better}
    if not chosen:
        pytest.skip("the primary metric is better when higher, and the losses are those of another metric")
    for target, metric in chosen.items():
        losses = artifacts.read_arrays(paths.baselines(task.name) / target / "losses.npz")
        baselines = artifacts.read_json(paths.baselines(task.name) / "metrics.json")[target]
        pairs = [(scores[metric], losses[name].mean()) for name, scores in baselines.items()]
        for model in task.params().models:
            values = artifacts.read_json(paths.evaluation(task.name, model) / "evaluation.json")["values"]
            pairs += zip(values["test"][target][metric], losses_of(task, model, target).mean(1), strict=True)
        reported, means = np.array(pairs).T
        assert np.allclose(reported, means, rtol=0.02) or np.allclose(reported, np.sqrt(means), rtol=0.02)
