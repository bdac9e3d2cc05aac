"""The command `gatehouse`, in its own process where the start of the process is tested."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from flows.__main__ import parser as flows_parser
from gatehouse.__main__ import GROUPS, main
from pipelines.__main__ import STAGES
from pipelines.__main__ import parser as pipelines_parser
from tests.conftest import ROOT


def python(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_gatehouse_help_lists_every_command_in_its_group() -> None:
    done = python("-m", "gatehouse", "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: gatehouse ")
    paragraphs = done.stdout.split("\n\n")
    for title, names in (
        ("run the graph", ["run", "doctor"]),
        ("search hyper-parameters", ["sweep", "trials"]),
        ("on workers and on a schedule", ["server", "deploy", "worker", "trigger", "show"]),
        ("use a trained network", ["predict", "inspect", "export"]),
        ("look at the reports", ["serve"]),
        ("set up what runs", ["profile", "runs"]),
        ("run a single stage", list(STAGES)),
    ):
        (lines,) = [text.splitlines()[1:] for text in paragraphs if text.startswith(title)]
        assert [line.split()[0] for line in lines] == names


def test_gatehouse_has_every_command_of_both_packages() -> None:
    helps = flows_parser().format_help() + pipelines_parser().format_help()
    assert sorted(name for group in GROUPS.values() for name in group) == sorted(
        re.findall(r"^    ([a-z]+)", helps, re.MULTILINE)
    )


def test_gatehouse_imports_no_heavy_library() -> None:
    code = "import sys, gatehouse.__main__; print([m for m in ('prefect', 'dvc', 'numpy', 'rich', 'tensorflow') if m in sys.modules])"
    assert python("-c", code).stdout.strip() == "[]"


@pytest.mark.parametrize(("command", "owner"), [("run", "flows"), ("train", "pipelines")])
def test_gatehouse_usage_names_the_program_that_was_called(
    command: str, owner: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert capsys.readouterr().out.startswith(f"usage: gatehouse {command} ")
    assert python("-m", owner, command, "--help").stdout.startswith(f"usage: python -m {owner} {command} ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["run", "--jobs", "0"], "gatehouse run: error: argument --jobs"),
        (["train", "timeseries"], "gatehouse train: error: the following arguments are required: MODEL"),
    ],
)
def test_gatehouse_wrong_usage_ends_with_status_two(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_gatehouse_user_error_ends_with_status_one_and_one_sentence(tmp_path: Path) -> None:
    done = python("-m", "gatehouse", "prepare", "timeseries", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_gatehouse_verbose_shows_the_traceback(tmp_path: Path) -> None:
    assert "Traceback" in python("-m", "gatehouse", "--verbose", "prepare", "timeseries", folder=tmp_path).stderr
