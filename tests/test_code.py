"""Code compared by meaning: which stages an edit affects, in a copy of the real package."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import code, registry
from pipelines.task import STAGES
from tests.conftest import ROOT

Edit = Callable[[str], str]
Find = Callable[[str, Edit], set[str]]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "pipelines", tmp_path / "pipelines", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(code, "PACKAGE", tmp_path / "pipelines")
    return tmp_path / "pipelines"


@pytest.fixture(scope="module")
def before() -> dict[str, dict[str, str]]:
    """The hashes of every stage for the unchanged package."""
    return stages()


def forget() -> None:
    for cached in (code._tree, code._imports, code._exists, code.of_module):
        cached.cache_clear()


def stages() -> dict[str, dict[str, str]]:
    """The hashes of every stage, as they are now."""
    forget()
    found = {f"{kind}@{task.name}": code.hashes(kind, task.name) for kind in STAGES for task in registry.TASKS}
    return {**found, "site": code.hashes("site", None)}


@pytest.fixture
def concerned(package: Path, before: dict[str, dict[str, str]]) -> Find:
    """A function that returns the stages affected by an edit of a file, and then restores the file."""

    def find(file: str, edit: Edit) -> set[str]:
        path = package / file
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(edit(text), encoding="utf-8")
        after = stages()
        path.write_text(text, encoding="utf-8")
        return {stage for stage in before if before[stage] != after[stage]}

    return find


def of(task: str, *kinds: str) -> set[str]:
    return {f"{kind}@{task}" for kind in kinds}


def replaced(old: str, new: str) -> Edit:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return edit


def reformatted(text: str) -> str:
    """Other quotes where that is safe, more blank lines, lists over several lines."""
    text = re.sub(r"(\[)(\w+, \w+)(\])", r"\1\n        \2,\n    \3", text)
    return "\n\n" + text.replace("\n\n\n", "\n\n\n\n")


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("\n\n\n", "\n\n\n# a comment\n"),
        lambda text: re.sub(r'"""[^"]*"""', '"""Reworded."""', text),
        reformatted,
    ],
    ids=["comment", "docstring", "layout"],
)
@pytest.mark.parametrize("file", ["tasks/music/midi.py", "nn/training.py", "params/blocks.py", "contract.py"])
def test_code_hash_ignores_comments_docstrings_and_layout(package: Path, file: str, edit: Edit) -> None:
    path, module = package / file, f"pipelines.{file.removesuffix('.py').replace('/', '.')}"
    forget()
    original, text = code.of_module(module), path.read_text(encoding="utf-8")
    assert edit(text) != text
    path.write_text(edit(text), encoding="utf-8")
    forget()
    assert code.of_module(module) == original


def test_code_hash_ignores_a_new_module_that_is_not_imported(concerned: Find) -> None:
    assert concerned("sources/audio.py", lambda _: "RATE = 16000\n") == set()


def test_code_hash_of_a_constant_changes_only_the_stage_that_uses_it(concerned: Find) -> None:
    changed = concerned("tasks/timeseries/prepare.py", replaced("< 0.02", "< 0.03"))
    assert changed == of("timeseries", "prepare")
    changed = concerned("tasks/music/corpus.py", lambda text: f"{text}EXTRA = 1\n")
    assert changed == of("music", "collect")


def test_code_hash_of_parameter_code_changes_the_stages_that_import_it(concerned: Find) -> None:
    changed = concerned(
        "tasks/music/params.py",
        replaced("return by_name(self.frames", "return 1 + by_name(self.frames"),
    )
    assert "prepare@music" in changed
    assert {stage.split("@")[1] for stage in changed} == {"music"}
    changed = concerned("params/blocks.py", replaced("**self.targets.get(target, {})", "**{}"))
    assert {f"train@{task.name}" for task in registry.TASKS} <= changed


def test_code_hash_of_a_template_or_a_translation_changes_only_the_reports(concerned: Find) -> None:
    reports = {"site", *(f"report@{task.name}" for task in registry.TASKS)}
    assert concerned("report/templates/style.css", lambda text: text + "/* */") == reports
    assert concerned("report/locale/tr/LC_MESSAGES/gatehouse.po", replaced("gizli durum", "saklı durum")) == reports
    assert concerned("report/pages.py", replaced('"displaylogo": False', '"displaylogo": True')) == reports


def test_code_hash_of_an_explanation_changes_only_evaluate(concerned: Find) -> None:
    changed = concerned("analysis/gradients.py", replaced("SHARE = 0.9", "SHARE = 0.8"))
    assert {stage.split("@")[0] for stage in changed} == {"evaluate"}


def test_code_hash_of_the_registry_changes_only_the_site(package: Path, concerned: Find) -> None:
    folder = package / "tasks" / "rainfall"
    shutil.copytree(package / "tasks" / "timeseries", folder)
    changed = concerned("registry.py", replaced('"music",', '"music",\n            "rainfall",'))
    assert changed == {"site"}


def test_code_hash_follows_imports_inside_functions(package: Path) -> None:
    assert "pipelines.nn.training" in code.hashes("train", "finance")
    assert "pipelines.analysis.statistics" in code.hashes("evaluate", "finance")


def test_code_hash_ignores_imports_for_typing(package: Path) -> None:
    for kind in STAGES:
        assert "pipelines.registry" not in code.hashes(kind, "music"), kind
        assert "pipelines.task" not in code.hashes(kind, "music"), kind


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 2"),
        ("x = 'a'", "x = b'a'"),
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("def f(a, b): return a", "def f(b, a): return a"),
        ("x: int = 1", "x: float = 1"),
        ("f(a, *b)", "f(*b, a)"),
        ("x = f'{a}{b}'", "x = f'{b}{a}'"),
        ("x = -1", "x = 1"),
        ("a < b", "a <= b"),
        ("for x in y: pass", "for x in y: break"),
        ("global_name = lambda: 1", "global_name = lambda: 2"),
    ],
)
def test_code_hash_differs_for_different_meanings(package: Path, one: str, other: str) -> None:
    hashes = set()
    for text in (one, other):
        (package / "sample.py").write_text(text)
        forget()
        hashes.add(code.of_module("pipelines.sample"))
    assert len(hashes) == 2
