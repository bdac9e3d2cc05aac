"""What the flows read from the output of DVC's commands, with the real DVC."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from flows import dvc_cli
from pipelines.errors import UsageError
from tests.flows.conftest import Toy, environment


@pytest.fixture
def in_toy(new_template: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """The current folder: a workspace in which no stage has run."""
    diary = tmp_path / "diary"
    toy = replace(new_template.clone(tmp_path / "toy"), diary=diary, settings={"TOY_DIARY": str(diary)})
    monkeypatch.chdir(toy.folder)
    return toy


def repro(toy: Toy, stage: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        dvc_cli.repro_command(stage),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=environment(**toy.settings),
    )  # fmt: skip
    return done.returncode, done.stdout.splitlines()


def test_repro_output_distinguishes_run_checkout_and_no_change(in_toy: Toy) -> None:
    status, lines = repro(in_toy, "code")
    assert status == 0
    assert dvc_cli.was_run(lines)
    assert [line for line in lines if not dvc_cli.is_routine(line)] == [
        "> python toy.py code artifacts/code",
        "code at work",
    ]

    status, lines = repro(in_toy, "code")
    assert status == 0
    assert not dvc_cli.was_run(lines)
    assert not dvc_cli.was_checked_out(lines)

    in_toy.write_source("train", "CONSTANT = 2\n")
    repro(in_toy, "code")
    in_toy.write_source("train", "CONSTANT = 1\n")
    status, lines = repro(in_toy, "code")
    assert status == 0
    assert dvc_cli.was_checked_out(lines)
    assert not dvc_cli.was_run(lines)


def test_repro_output_of_a_failed_stage_gives_its_error(in_toy: Toy) -> None:
    in_toy.set("broken", "code")
    status, lines = repro(in_toy, "code")
    assert dvc_cli.failure(lines, status) == "code.csv, line 3: broken on purpose [/x]; mend it"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("echo epoch 3; kill -9 $$", "killed by signal 9, perhaps because memory ran out"),
        ("echo hello", "output 'out' does not exist"),
        ("exit 3", "exit status 3"),
    ],
)
def test_repro_output_of_a_failed_stage_gives_its_own_reason(in_toy: Toy, command: str, reason: str) -> None:
    dvc_cli.YAML_FILE.write_text(json.dumps({"stages": {"stage": {"cmd": command, "outs": ["out"]}}}))
    status, lines = repro(in_toy, "stage")
    assert dvc_cli.failure(lines, status) == reason


def test_call_in_a_folder_without_git_says_how_to_go_on(in_toy: Toy) -> None:
    shutil.rmtree(".git")
    with pytest.raises(dvc_cli.DvcError, match=r"is not a git repository, which DVC needs: `git init`"):
        dvc_cli.status()
    subprocess.run(["git", "init", "-q"], check=True)
    assert dvc_cli.status()


def test_dag_lists_stages_and_edges_up_to_a_target(in_toy: Toy) -> None:
    names = ("code", "collect@a", "train@a-x")
    edges = {("code", "collect@a"), ("code", "train@a-x"), ("collect@a", "train@a-x")}
    assert set(dvc_cli.dag("train@a-x")) == {(name,) for name in names} | edges


def test_dag_refuses_an_unknown_target_as_wrong_usage(in_toy: Toy) -> None:
    with pytest.raises(UsageError, match="'nonsense' does not exist"):
        dvc_cli.dag("nonsense")


def test_call_gives_the_error_of_an_unreadable_graph_in_one_line(in_toy: Toy) -> None:
    dvc_cli.YAML_FILE.write_text("stages: [")
    with pytest.raises(dvc_cli.DvcError, match=r"dvc\.yaml") as raised:
        dvc_cli.dag()
    assert "\n" not in str(raised.value)
    assert "│" not in str(raised.value)


def test_call_waits_for_files_that_another_process_uses(in_toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    in_toy.set("seconds", "code", "5")
    with subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro", "code"], env=environment(**in_toy.settings), stdout=subprocess.DEVNULL
    ) as other:
        while not in_toy.has_started("code"):
            assert other.poll() is None
        assert "code" not in dvc_cli.status()
    assert dvc_cli.LOCKED in capsys.readouterr().out


def test_default_remote_is_none_until_one_is_configured(in_toy: Toy, tmp_path: Path) -> None:
    assert dvc_cli.default_remote() is None
    in_toy.dvc("remote", "add", "--default", "--local", "depot", str(tmp_path / "remote"))
    assert dvc_cli.default_remote() == f"depot ({tmp_path / 'remote'})"


def test_recording_leaves_the_lock_file_as_dvc_writes_it(
    done_template: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    original = (done_template.folder / "dvc.lock").read_text()
    dvc_cli.LOCK_FILE.write_text(original)
    recorded = dvc_cli.recorded_stages()
    with dvc_cli.recording({"train@a-x": recorded["train@a-x"]}):
        assert dvc_cli.LOCK_FILE.read_text() == original
    with pytest.raises(InterruptedError), dvc_cli.recording({"train@a-x": recorded["train@a-y"]}):
        raise InterruptedError
    assert dvc_cli.LOCK_FILE.read_text() == original
    with dvc_cli.recording({"train@a-x": recorded["train@a-y"]}):
        pass
    assert dvc_cli.recorded_stages() == recorded | {"train@a-x": recorded["train@a-y"]}
