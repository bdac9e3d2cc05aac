"""When two workspaces are the same, and what a worker does when they are not."""

from pathlib import Path

import pytest

from flows import exchange
from tests.flows.conftest import Toy


@pytest.fixture
def workspace(done_template: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """The current folder: a workspace in which every stage has run."""
    toy = done_template.copy(tmp_path / "toy")
    monkeypatch.chdir(toy.folder)
    return toy


def prepend(name: str, line: str) -> None:
    Path(name).write_text(f"{line}\n{Path(name).read_text()}")


def test_fingerprint_ignores_comments(workspace: Toy) -> None:
    before = exchange.fingerprint("a")
    workspace.write_source("train", "# A comment.\nCONSTANT = 1\n")
    prepend("params.yaml", "# A comment.")
    prepend("dvc.yaml", "# A comment.")
    workspace.dvc("repro", "code")
    assert exchange.fingerprint("a") == before


@pytest.mark.parametrize("change", ["code", "parameter", "graph", "input"])
def test_fingerprint_changes_with_code_parameter_graph_or_input(workspace: Toy, change: str) -> None:
    before = exchange.fingerprint("a")
    if change == "code":
        workspace.write_source("train", "CONSTANT = 2\n")
        workspace.dvc("repro", "code")
    elif change == "parameter":
        prepend("params.yaml", "new_parameter: 1")
    elif change == "graph":
        Path("dvc.yaml").write_text(
            Path("dvc.yaml").read_text().replace("python toy.py collect", "python -O toy.py collect")
        )
    else:
        workspace.set("data/input/a", "rows.csv", "1,2\n")
    assert exchange.fingerprint("a") != before


def test_fingerprint_ignores_other_tasks(workspace: Toy) -> None:
    before = exchange.fingerprint("a")
    workspace.set("data/input/b", "rows.csv", "1,2\n")
    assert exchange.fingerprint("a") == before


def test_fingerprint_of_a_graph_without_code_stage_compares_files(workspace: Toy) -> None:
    graph = Path("dvc.yaml").read_text()
    Path("dvc.yaml").write_text(graph.replace("  code:", "  other:"))
    before = exchange.fingerprint("a")
    prepend("pipelines/paths.py", "# A comment.")
    assert exchange.fingerprint("a") != before


def test_workspace_differs_between_a_folder_and_its_clone(
    workspace: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = exchange.workspace()
    assert exchange.workspace() == here
    monkeypatch.chdir(workspace.clone(tmp_path / "other").folder)
    assert exchange.workspace() != here


@pytest.fixture
def worker(workspace: Toy, tmp_path: Path) -> Toy:
    """A clone of the workspace in which the stage `code` has not run, with a DVC remote."""
    clone = workspace.clone(tmp_path / "worker")
    clone.dvc("remote", "add", "--default", "--local", "depot", str(tmp_path / "remote"))
    return clone


def test_receive_accepts_a_workspace_with_other_comments(
    workspace: Toy, worker: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    handover = exchange.Handover(workspace="another", task="a", fingerprint=exchange.fingerprint("a"))
    transferred = []
    monkeypatch.setattr(exchange, "transfer", lambda *arguments: transferred.append(arguments))
    monkeypatch.setenv("TOY_DIARY", str(worker.diary))
    monkeypatch.chdir(worker.folder)
    worker.write_source("train", "# A comment.\nCONSTANT = 1\n")
    exchange.receive(handover, ["compare@a"])
    assert [arguments[0] for arguments in transferred] == ["pull"]


def test_receive_refuses_a_workspace_with_other_code(
    workspace: Toy, worker: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    handover = exchange.Handover(workspace="another", task="a", fingerprint=exchange.fingerprint("a"))
    monkeypatch.setenv("TOY_DIARY", str(worker.diary))
    monkeypatch.chdir(worker.folder)
    worker.write_source("train", "CONSTANT = 2\n")
    with pytest.raises(exchange.ExchangeError, match="bring both to the same state"):
        exchange.receive(handover, ["compare@a"])
