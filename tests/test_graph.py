"""`dvc.yaml`, `params.yaml`, the registry and the paths, held against each other and against the imports."""

from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo

from pipelines import params, paths, registry
from pipelines.__main__ import STAGES
from tests.conftest import ROOT
from tests.test_layers import MODULES, imports, name_of

PARAMS = params.load(ROOT / "params.yaml")
# Says what things are called and how they look in a terminal; no number depends on it. What it reads from params.yaml
# is tracked as parameters.
PLUMBING = {
    *(name for name in map(name_of, MODULES) if name.startswith("pipelines.params")),
    "pipelines.paths",
    "pipelines.errors",
    "pipelines.registry",
    "pipelines.contract",
    "pipelines.progress",
}
# A task's module serves several stages. What it imports for the others does not count.
NOT_RUN = {
    "train": ("pipelines.analysis",),
    "evaluate": ("pipelines.baselines",),
    "compare": ("pipelines.baselines",),
}
TASK_MODULES = {
    "collect": ["source"],
    "prepare": ["data"],
    "validate": ["data"],
    "train": ["data", "model"],
    "evaluate": ["data", "model", "score"],
    "baselines": ["score"],
    "compare": ["score"],
    "report": ["figures"],
    "site": [],
}
BY_NAME = {name_of(path): path for path in MODULES}


@pytest.fixture(scope="module")
def stages() -> dict[str, Any]:
    return {stage.addressing: stage for stage in Repo(str(ROOT)).index.stages}


def kind_of(address: str) -> str:
    return address.split("@")[0]


def task_of(address: str) -> str | None:
    return address.split("@")[1].split("-")[0] if "@" in address else None


def _module(imported: str) -> str | None:
    """The project's module that an imported name comes from."""
    while imported and imported not in BY_NAME:
        imported = imported.rpartition(".")[0]
    return imported or None


def closure(starts: list[str], ignored: tuple[str, ...]) -> set[str]:
    """All modules of the project that `starts` import, directly or not."""
    found: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name in found or name in PLUMBING or name.startswith(ignored or ("-",)):
            continue
        found.add(name)
        waiting += [m for imported in imports(BY_NAME[name]) if (m := _module(imported)) and m.startswith("pipelines")]
    return {name for name in found if BY_NAME[name].name != "__init__.py"}


def test_every_stage_kind_is_a_module_of_its_name(stages: dict[str, Any]) -> None:
    assert {kind_of(address) for address in stages} == set(STAGES)
    assert {path.stem for path in (ROOT / "pipelines" / "stages").glob("[!_]*.py")} == set(STAGES)


def test_every_task_of_the_registry_goes_through_every_stage(stages: dict[str, Any]) -> None:
    assert [task.name for task in registry.TASKS] == list(PARAMS.tasks)
    for task in registry.TASKS:
        for kind in STAGES:
            if kind in ("train", "evaluate"):
                for model in PARAMS.models(task.name):
                    assert f"{kind}@{task.name}-{model}" in stages
            elif kind != "site":
                assert f"{kind}@{task.name}" in stages


def test_every_described_model_is_run() -> None:
    for task in registry.TASKS:
        assert set(PARAMS.models(task.name)) == set(PARAMS.task(task.name).models)


def test_outputs_are_where_the_paths_say(stages: dict[str, Any]) -> None:
    for address, stage in stages.items():
        outs = {Path(out.def_path) for out in stage.outs}
        task = task_of(address) or ""
        model = address.split("-", 1)[1] if "-" in address else ""
        expected = {
            "collect": {paths.raw(task)},
            "prepare": {paths.prepared(task)},
            "validate": {paths.validated(task)},
            "train": {paths.model(task, model)},
            "evaluate": {paths.evaluation(task, model), paths.metrics(task, model)},
            "baselines": {paths.baselines(task)},
            "compare": {paths.comparison(task), paths.comparison_metrics(task)},
            "report": {paths.report(task)},
            "site": {paths.REPORTS / "index.html", paths.REPORTS / "assets"},
        }
        assert outs == expected[kind_of(address)], address


def test_every_stage_declares_the_code_that_it_runs(stages: dict[str, Any]) -> None:
    for address, stage in stages.items():
        kind, task = kind_of(address), task_of(address)
        starts = [
            f"pipelines.stages.{kind}",
            *(f"pipelines.tasks.{task}.{name}" for name in TASK_MODULES[kind]),
        ]
        declared = [Path(dep.def_path) for dep in stage.deps]
        for module in closure(starts, NOT_RUN.get(kind, ())):
            path = BY_NAME[module].relative_to(ROOT)
            assert any(path.is_relative_to(dep) for dep in declared), f"{address} runs {path} and does not declare it"


def test_no_stage_declares_code_that_no_task_runs_in_it(stages: dict[str, Any]) -> None:
    run: dict[str, set[Path]] = {}
    for address in stages:
        kind, task = kind_of(address), task_of(address)
        starts = [
            f"pipelines.stages.{kind}",
            *(f"pipelines.tasks.{task}.{name}" for name in TASK_MODULES[kind]),
        ]
        for module in closure(starts, NOT_RUN.get(kind, ())):
            used = BY_NAME[module].relative_to(ROOT).as_posix()
            run.setdefault(kind, set()).add(Path(used.replace(f"tasks/{task}/", "tasks/*/")))
    for address, stage in stages.items():
        for dep in stage.deps:
            path = Path(dep.def_path.replace(f"tasks/{task_of(address)}/", "tasks/*/"))
            if path.parts[0] == "pipelines":
                assert any(used.is_relative_to(path) for used in run[kind_of(address)]), f"{address}: {path}"


def test_editing_a_task_concerns_no_other_task(stages: dict[str, Any]) -> None:
    for address, stage in stages.items():
        task = task_of(address)
        others = [other.name for other in registry.TASKS if other.name != task]
        named = [part for dep in stage.deps for part in Path(dep.def_path).parts]
        assert kind_of(address) == "site" or not set(others) & set(named), address


def test_training_does_not_depend_on_how_results_are_shown(stages: dict[str, Any]) -> None:
    for address, stage in stages.items():
        if kind_of(address) in ("collect", "prepare", "train", "evaluate"):
            assert not [dep for dep in stage.deps if "report" in Path(dep.def_path).parts], address


def test_the_site_waits_for_every_report(stages: dict[str, Any]) -> None:
    declared = {Path(dep.def_path) for dep in stages["site"].deps}
    assert {paths.report(task.name) for task in registry.TASKS} <= declared


def test_the_plots_show_every_model() -> None:
    from ruamel.yaml import YAML

    plots = YAML(typ="safe").load(ROOT / "dvc.yaml")["plots"]
    shown = {Path(path) for plot in plots for entry in plot.values() for path in entry["y"]}
    assert shown == {paths.model(run.task, run.model) / "history.csv" for run in PARAMS.runs.values()}


def test_the_size_matched_model_is_as_large_as_its_counterpart() -> None:
    matched = PARAMS.timeseries.models["gru_matched"]
    assert matched.parameters is not None
    assert matched.model_copy(update={"parameters": None}) == PARAMS.timeseries.models["gru"]
