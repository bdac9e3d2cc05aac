import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest

from pipelines import process
from pipelines.__main__ import main
from pipelines.errors import exit_status
from tests.conftest import ROOT


def pipelines(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from pipelines.__main__ import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, str(ROOT), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["predict"],
        ["predict", "nothing"],
        ["train", "timeseries"],
        ["collect", "nothing"],
        ["train", "timeseries", "transformer"],
    ],
)
def test_pipelines_wrong_usage_ends_with_status_two(arguments: list[str]) -> None:
    done = pipelines(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr


def test_pipelines_train_of_an_unknown_model_lists_the_known_ones() -> None:
    assert "bilstm" in pipelines("train", "timeseries", "transformer").stderr


def test_pipelines_user_error_ends_with_status_one_and_one_sentence(tmp_path: Path) -> None:
    done = pipelines("prepare", "timeseries", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ")


def test_pipelines_verbose_shows_the_traceback(tmp_path: Path) -> None:
    assert "Traceback" in pipelines("--verbose", "prepare", "timeseries", folder=tmp_path).stderr


@pytest.mark.parametrize("module", ["numpy.random", "pipelines.registry"])
def test_missing_module_is_one_sentence_unless_it_is_our_own(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`dvc.yaml` says `python`, which may be that of the system."""

    def incomplete() -> int:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    if module.startswith("pipelines"):
        with pytest.raises(ModuleNotFoundError):
            exit_status(incomplete, verbose=False)
        return
    assert exit_status(incomplete, verbose=False) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {sys.executable} has no module 'numpy.random'")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "stage"),
    [
        (["code"], "code"),
        (["prepare", "timeseries"], "prepare@timeseries"),
        (["train", "timeseries", "lstm"], "train@timeseries-lstm"),
    ],
)
def test_pipelines_runs_a_stage_alone_under_the_name_that_dvc_gives_it(
    arguments: list[str], stage: str, in_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []

    @contextmanager
    def alone(name: str) -> Iterator[None]:
        events.append(f"lock {name}")
        yield
        events.append("unlock")

    monkeypatch.setattr(process, "alone", alone)
    monkeypatch.setattr(process, "end_with_dvc", lambda: events.append("watch"))
    monkeypatch.setattr(
        import_module(f"pipelines.stages.{arguments[0]}"), "run", lambda *values: events.append(f"run {len(values)}")
    )
    assert main(arguments) == 0
    values = {1: 0, 2: 2, 3: 3}[len(arguments)]
    assert events == ["watch", f"lock {stage}", f"run {values}", "unlock"]
