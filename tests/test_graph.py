"""`dvc.yaml`, `params.yaml`, `runs.yaml`, the registry and the paths agree."""

from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo

from pipelines import paths, registry, releases, runs
from pipelines.__main__ import OF_ALL_TASKS, PER_MODEL, STAGES
from pipelines.params.blocks import size_of
from pipelines.task import Task
from tests.conftest import ROOT

every_task = pytest.mark.parametrize("task", registry.TASKS, ids=lambda task: task.name)


@pytest.fixture(autouse=True)
def in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="module")
def stages() -> dict[str, Any]:
    return {stage.addressing: stage for stage in Repo(str(ROOT)).index.stages}


def kind_of(address: str) -> str:
    return address.split("@")[0]


def task_of(address: str) -> str:
    return address.split("@")[1].split("-")[0] if "@" in address else ""


def deps_of(stage: Any) -> set[Path]:
    return {Path(dep.def_path) for dep in stage.deps}


def test_graph_has_one_stage_per_stage_module(stages: dict[str, Any]) -> None:
    assert {kind_of(address) for address in stages} == set(STAGES)
    assert {path.stem for path in (ROOT / "pipelines" / "stages").glob("[!_]*.py")} == set(STAGES)


@every_task
def test_graph_runs_every_stage_for_every_task(task: Task, stages: dict[str, Any]) -> None:
    for kind in STAGES:
        if kind in PER_MODEL:
            assert all(f"{kind}@{task.name}-{model}" in stages for model in task.params().models)
        elif kind not in OF_ALL_TASKS:
            assert f"{kind}@{task.name}" in stages


def test_runs_check_accepts_the_committed_files() -> None:
    runs.check()


def test_graph_outputs_match_the_paths(stages: dict[str, Any]) -> None:
    for address, stage in stages.items():
        task = task_of(address)
        model = address.split("-", 1)[1] if "-" in address else ""
        expected = {
            "code": {paths.CODE},
            "collect": {paths.raw(task)},
            "prepare": {paths.prepared(task)},
            "validate": {paths.validated(task)},
            "train": {paths.model(task, model), paths.history(task, model)},
            "evaluate": {paths.evaluation(task, model), paths.metrics(task, model)},
            "baselines": {paths.baselines(task)},
            "compare": {paths.comparison(task)},
            "release": {releases.folder(task)},
            "report": {paths.report(task), Path("reports/tr/tasks") / task},
            "site": {
                paths.REPORTS / "index.html",
                paths.REPORTS / "assets",
                paths.REPORTS / "tour.html",
                paths.REPORTS / "pipeline.html",
                paths.SWEEP_REPORTS,
                *(paths.REPORTS / "tr" / name for name in ("index.html", "tour.html", "pipeline.html", "sweeps")),
            },
        }
        assert {Path(out.def_path) for out in stage.outs} == expected[kind_of(address)], address


def test_graph_stages_depend_only_on_the_hashes_of_their_own_code(stages: dict[str, Any]) -> None:
    for address, stage in stages.items():
        kind = kind_of(address)
        if kind == "code":
            continue
        own = paths.CODE / ("site.json" if kind == "site" else f"{kind}/{task_of(address)}.json")
        deps = deps_of(stage)
        assert {dep for dep in deps if dep.is_relative_to(paths.CODE)} == {own}, address
        assert not [dep for dep in deps if dep.parts[0] == "pipelines"], address


def test_graph_stages_of_a_task_depend_on_no_other_task(stages: dict[str, Any]) -> None:
    for address, stage in stages.items():
        others = {other.name for other in registry.TASKS if other.name != task_of(address)}
        named = {part for dep in deps_of(stage) for part in (*dep.parts, dep.stem)}
        assert kind_of(address) in OF_ALL_TASKS or not others & named, address


def test_graph_artifacts_are_the_released_models_of_every_task() -> None:
    """Each task needs its line under `artifacts` in dvc.yaml."""
    artifacts = Repo(str(ROOT)).artifacts.read()["dvc.yaml"]
    assert {name: Path(artifact.path) for name, artifact in artifacts.items()} == {
        task.name: releases.folder(task.name) for task in registry.TASKS
    }


@every_task
def test_input_folder_exists_for_every_task(task: Task) -> None:
    assert (paths.input_folder(task.name) / ".gitkeep").exists()


@every_task
def test_matched_models_differ_from_another_only_in_their_size(task: Task) -> None:
    models = task.params().models
    for name, model in models.items():
        if size_of(models, name) != name:
            assert model.model_copy(update={"match": None}) in models.values()


def test_graph_trains_a_matched_model_again_when_the_other_one_changes(stages: dict[str, Any]) -> None:
    deps = {name for dep in stages["train@timeseries-gru_matched"].params for name in dep.params}
    assert {"timeseries.models.gru_matched", "timeseries.models.lstm"} <= deps
