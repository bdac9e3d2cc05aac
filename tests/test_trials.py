"""The grid of a sweep: for every task, what a point overrides, and which results are still those of this code, data and parameters."""

import json
import shlex
import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.hydra import apply_overrides

from pipelines import params, paths, registry, sweep_options, sweeps, trials
from pipelines.errors import DamagedError, ParameterError, UsageError
from pipelines.report.sweeps import experiment
from pipelines.sweeps import Fitted, Point, Result, Sweep
from pipelines.task import Task
from tests.conftest import ROOT

every_task = pytest.mark.parametrize("task", registry.TASKS, ids=lambda task: task.name)


@pytest.fixture(autouse=True)
def project(in_folder: Path) -> Path:
    return in_folder


def grid(task: str, *words: str) -> Sweep:
    parser = ArgumentParser()
    sweep_options.add(parser)
    return trials.grid(registry.find(task), parser.parse_args([task, *words]))


def result(sweep: Sweep, point: Point, loss: float = 0.5) -> Result:
    fitted = Fitted(valid_loss=tuple(loss for _ in sweep.seeds), best_epoch=tuple(1 for _ in sweep.seeds))
    return Result(point=point, overrides={}, parameters=9, seconds=1.0, targets={"a": fitted})


@every_task
def test_grid_of_every_task_has_points_around_its_model(task: Task) -> None:
    sweep = grid(task.name)
    assert len(sweep.missing) == len(sweep.cells) * len(sweep.units) * len(sweep.learning_rates) == 18
    train = task.params().train
    assert train.learning_rate in sweep.learning_rates
    for point in sweep.missing:
        block, _ = trials.at(task, sweep, point)
        layers = block.models[sweep.model].recurrent
        assert {layer.cell for layer in layers} == {point.cell}
        assert layers[0].units == point.units
        assert block.train.seeds == sweep.seeds
        for target in (*train.TARGETS, "any"):
            assert block.train.of(target, block.models[sweep.model]).learning_rate == point.learning_rate


def test_point_replaces_a_learning_rate_of_the_models_own() -> None:
    task = registry.find("memory")
    sweep = grid("memory", "--model", "rnn", "--learning-rate", "0.02", "--units", "9", "--cells", "gru")
    block, overrides = trials.at(task, sweep, sweep.missing[0])
    train = block.train.of("digits", block.models["rnn"])
    assert train.learning_rate == 0.02
    assert train.clip_norm is None
    assert overrides["models.rnn.train.learning_rate"] == 0.02


@every_task
def test_experiment_command_of_a_point_sets_what_the_sweep_has_set(task: Task, project: Path) -> None:
    sweep = grid(task.name)
    point = sweep.missing[0]
    block, overrides = trials.at(task, sweep, point)
    command = experiment(sweep, result(sweep, point).model_copy(update={"overrides": overrides}))
    words = shlex.split(command)
    assert words[:3] == ["dvc", "exp", "run"]
    assert words[-1] == f"evaluate@{task.name}-{sweep.model}"
    shutil.copyfile(ROOT / "params.yaml", project / "other.yaml")
    apply_overrides(project / "other.yaml", [word for word in words[3:-1] if word != "-S"])
    assert task.params(params.load_yaml(project / "other.yaml")) == block


def test_point_keeps_the_proportion_of_the_layers() -> None:
    sweep = grid("finance", "--model", "lstm_gru", "--units", "32", "--cells", "gru")
    block, _ = trials.at(registry.find("finance"), sweep, sweep.missing[0])
    assert [(layer.cell, layer.units) for layer in block.models["lstm_gru"].recurrent] == [
        ("gru", 32),
        ("gru", 48),
        ("gru", 32),
    ]


def test_options_of_a_sweep_describe_the_same_sweep_again() -> None:
    sweep = grid("numbers", "--units", "8,4", "--learning-rate", "0.0012345678,3e-3", "--seeds", "5", "--cells", "gru")
    assert grid(sweep.task, *sweep.options) == sweep
    assert sweep.command.startswith("gatehouse sweep numbers --model ")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--cells", "gru,transformer"], "there is no cell 'transformer'"),
        (["--model", "nothing"], "numbers has no model 'nothing'; its models in params.yaml are"),
    ],
)
def test_grid_of_what_does_not_exist_is_wrong_usage(words: list[str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        grid("numbers", *words)


def test_grid_with_a_cell_that_the_model_does_not_allow_is_refused(project: Path) -> None:
    text = (project / "params.yaml").read_text()
    changed = text.replace("{cell: lstm, units: 50}, {cell", "{cell: lstm, units: 50, forget_bias: 0.0}, {cell", 1)
    assert changed != text
    (project / "params.yaml").write_text(changed)
    params.values.cache_clear()
    with pytest.raises(ParameterError, match=r"^at the point gru-.* has no forget gate; leave it out"):
        grid("timeseries")


def test_results_are_kept_until_code_data_or_parameters_change(project: Path) -> None:
    words = ("--units", "4,8", "--learning-rate", "0.01")
    sweep = grid("numbers", *words)
    first, second = sweep.missing[:2]
    sweeps.write(sweep.with_results([result(sweep, first)]))
    sweeps.write_result(sweep, result(sweep, second))
    assert [point for point in sweep.missing if point not in grid("numbers", *words).missing] == [first, second]
    assert len(grid("numbers", "--units", "4,8,16", "--learning-rate", "0.01").results) == 2
    assert grid("numbers", *words, "--seeds", "1").results == ()

    (paths.prepared("numbers")).mkdir(parents=True)
    (paths.prepared("numbers") / "data").write_text("other data")
    assert grid("numbers", *words).results == ()


def test_read_of_a_file_that_no_sweep_wrote_names_what_is_wrong(project: Path) -> None:
    sweep = grid("numbers")
    sweeps.write(sweep)
    stored: dict[str, Any] = sweep.model_dump() | {"seeds": ["x"]}
    path = sweeps.path("numbers")
    path.write_text(json.dumps(stored))
    with pytest.raises(DamagedError, match=r"^sweeps/numbers.json: is not what a sweep writes \(seeds.0: "):
        sweeps.read("numbers")
