"""Who may know whom, read from the imports."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "pipelines"
MODULES = sorted(PACKAGE.rglob("*.py"))
# A module may import from its own rank and from those below it.
RANKS = [
    ["pipelines.__main__", "pipelines.readme"],
    ["pipelines.stages"],
    ["pipelines.registry"],
    ["pipelines.tasks"],
    ["pipelines.analysis", "pipelines.report", "pipelines.predict"],
    ["pipelines.nn", "pipelines.baselines", "pipelines.sources"],
    ["pipelines.contract"],
    ["pipelines.artifacts", "pipelines.progress", "pipelines.params", "pipelines.paths", "pipelines.errors"],
]
HEAVY = ("tensorflow", "keras", "librosa", "music21", "great_expectations", "shap")


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def imports(path: Path, top_level_only: bool = False) -> tuple[str, ...]:
    return tuple(_imports(path, top_level_only))


def _imports(path: Path, top_level_only: bool) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    checked = {
        id(n)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for n in node.body
    }
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if id(node) in checked:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def rank(module: str) -> int | None:
    for number, names in enumerate(RANKS):
        if any(module == name or module.startswith(f"{name}.") for name in names):
            return number
    return None


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    own = rank(name_of(path))
    for imported in imports(path):
        below = rank(imported)
        if own is not None and below is not None:
            assert below >= own, f"{name_of(path)} imports {imported}, which stands above it"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_stage_and_no_shared_module_knows_a_task_by_name(path: Path) -> None:
    if "tasks" not in path.parts and path.name != "registry.py":
        assert not any(imported.startswith("pipelines.tasks.") for imported in imports(path))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_task_knows_another(path: Path) -> None:
    if "tasks" in path.parts and path.parent.name != "tasks":
        own = f"pipelines.tasks.{path.parent.name}"
        assert all(i.startswith(own) for i in imports(path) if i.startswith("pipelines.tasks."))


def test_pipelines_never_imports_prefect() -> None:
    assert not [p for p in MODULES for i in imports(p) if i.split(".")[0] == "prefect"]


def test_flows_imports_neither_tensorflow_nor_a_stage() -> None:
    allowed = ("pipelines.artifacts", "pipelines.errors", "pipelines.paths")
    for path in (ROOT / "flows").rglob("*.py"):
        for imported in imports(path):
            assert imported.split(".")[0] not in HEAVY, f"{path} imports {imported}"
            assert not imported.startswith("pipelines") or imported.startswith(allowed)


def test_the_command_line_of_flows_is_light() -> None:
    code = "import sys, flows.__main__; print([m for m in ('prefect', 'dvc', 'numpy', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_report_needs_no_task_and_no_tensorflow() -> None:
    for path in (PACKAGE / "report").rglob("*.py"):
        assert not [i for i in imports(path) if i.split(".")[0] in HEAVY or i.startswith("pipelines.tasks")]


@pytest.mark.parametrize("module", ["pipelines.__main__", "pipelines.params", "pipelines.registry"])
def test_the_entrance_is_light(module: str) -> None:
    heavy = (*HEAVY, "pandas", "plotly", "scipy", "sklearn")
    code = f"import sys, {module}; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("stage", ["collect", "prepare", "baselines", "compare", "report", "site"])
def test_stages_that_do_not_need_tensorflow_do_not_import_it(stage: str) -> None:
    code = (
        f"import sys, pipelines.stages.{stage}; from pipelines.registry import TASKS\n"
        "for task in TASKS: task.data, task.score, task.figures\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_there_is_no_drawer_for_everything() -> None:
    assert not [p for p in MODULES if p.stem in ("utils", "helpers", "common", "misc")]
