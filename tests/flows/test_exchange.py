"""When two workspaces are the same, what a worker does when they are not, and what a parent adopts of a worker's."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun

from flows import dvc_cli, exchange, nightly, subruns
from flows.stages import StageStatus
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


STAGES = ["compare@a", "train@a-x"]


@pytest.fixture
def handed_over(workspace: Toy) -> dict[str, Any]:
    """What an honest worker hands over for `STAGES`."""
    recorded = dvc_cli.recorded_stages()
    metrics = Path("metrics/a/comparison.json")
    return {
        "where": "host:/folder",
        "outcomes": [{"stage": stage, "status": "Ran", "reason": "new", "seconds": 1.0} for stage in STAGES],
        "lock": {stage: recorded[stage] for stage in STAGES},
        "metrics": {metrics.as_posix(): metrics.read_text()},
    }


def test_handed_over_is_what_the_worker_has_recorded(handed_over: dict[str, Any]) -> None:
    results = exchange.handed_over(json.dumps(handed_over), STAGES)
    assert results.model_dump(mode="json", exclude_unset=True) == handed_over


def _elsewhere(data: dict[str, Any], path: str) -> None:
    data["lock"]["train@a-x"]["outs"][0]["path"] = path


Change = Callable[[dict[str, Any]], Any]
CHANGES: dict[str, tuple[Change, str]] = {
    "a metric above the workspace": (lambda data: data["metrics"].update({"../../x": ""}), "'../../x', which is no output"),
    "a metric at an absolute path": (lambda data: data["metrics"].update({"/tmp/x": ""}), "'/tmp/x', which is no output"),
    "a metric within, but not its own": (lambda data: data["metrics"].update({"dvc.yaml": ""}), "'dvc.yaml', which is no"),
    "a metric of another task": (
        lambda data: data["metrics"].update({"metrics/b/comparison.json": ""}), "'metrics/b/comparison.json', which"
    ),
    "an output above the workspace": (lambda data: _elsewhere(data, "../x"), "'../x', which is no output"),
    "the output of another stage": (lambda data: _elsewhere(data, "artifacts/models/a/y"), "'artifacts/models/a/y', which"),
    "a stage that was not asked for": (
        lambda data: data["lock"].update({"site": data["lock"]["compare@a"]}), "'site', which it was not sent"
    ),
    "an outcome of another stage": (
        lambda data: data["outcomes"][0].update({"stage": "report@a"}), "'report@a', which it was not sent"
    ),
    "a hash that is a path": (
        lambda data: data["lock"]["train@a-x"]["outs"][0].update({"md5": "../../../x"}), "cannot be read .*md5"
    ),
    "files beside the hash": (
        lambda data: data["lock"]["train@a-x"]["outs"][0].update({"files": [{"relpath": "../x"}]}), "cannot be read .*files"
    ),
    "a status that is none": (lambda data: data["outcomes"][0].update({"status": "Won"}), "cannot be read .*status"),
    "no outcomes": (lambda data: data.pop("outcomes"), "cannot be read .*outcomes"),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_handed_over_takes_only_outputs_of_the_stages_that_were_asked_for(
    handed_over: dict[str, Any], what: str
) -> None:
    change, sentence = CHANGES[what]
    change(handed_over)
    with pytest.raises(exchange.ExchangeError, match=sentence):
        exchange.handed_over(json.dumps(handed_over), STAGES)


def test_handed_over_that_is_no_json_is_refused(workspace: Toy) -> None:
    with pytest.raises(exchange.ExchangeError, match="cannot be read"):
        exchange.handed_over("[", STAGES)


def test_handed_over_follows_no_link_out_of_the_workspace(handed_over: dict[str, Any], tmp_path: Path) -> None:
    Path("metrics/a").rename(tmp_path / "elsewhere")
    Path("metrics/a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(exchange.ExchangeError, match=r"'metrics/a/comparison\.json', which is no output"):
        exchange.handed_over(json.dumps(handed_over), STAGES)


def test_adopt_refuses_a_listing_that_leaves_its_folder_and_changes_nothing(
    handed_over: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DVC itself follows a `../` in the listing of an output folder."""

    def put(content: bytes, suffix: str = "") -> str:
        digest = hashlib.md5(content).hexdigest()
        path = Path(".dvc/cache/files/md5", digest[:2], digest[2:] + suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return digest + suffix

    listing = [{"md5": put(b"bad"), "relpath": "../../../../../escaped"}]
    handed_over["lock"]["train@a-x"]["outs"][0]["md5"] = put(json.dumps(listing).encode(), ".dir")
    before = Path("dvc.lock").read_text(), Path("metrics/a/comparison.json").read_text()
    handed_over["metrics"]["metrics/a/comparison.json"] = "other"
    monkeypatch.setattr(exchange, "transfer", lambda *_: None)  # all is in the cache
    with pytest.raises(
        exchange.ExchangeError, match=r"'artifacts/models/a/x/\.\./.*escaped', which is not in its output folder"
    ):
        exchange.adopt(exchange.handed_over(json.dumps(handed_over), STAGES))
    assert (Path("dvc.lock").read_text(), Path("metrics/a/comparison.json").read_text()) == before
    assert not (tmp_path / "escaped").exists()


class Artifacts:
    """A client of a server that has one artifact."""

    def __init__(self, data: str) -> None:
        self.data = data

    def read_artifacts(self, **_: Any) -> list[Any]:
        return [SimpleNamespace(data=self.data)]


def adopted(handed_over: dict[str, Any]) -> dict[str, StageStatus]:
    """What the parent makes of it, by stage."""
    subrun = subruns.SubRun("a", STAGES, FlowRun(flow_id=uuid4()), 0.0)
    outcomes = nightly._adopt(cast(Any, Artifacts(json.dumps(handed_over))), subrun)
    return {outcome.stage: outcome.status for outcome in outcomes}


def test_nightly_fails_the_task_alone_whose_worker_hands_over_what_it_may_not(handed_over: dict[str, Any]) -> None:
    handed_over["metrics"]["../../x"] = ""
    assert adopted(handed_over) == {"compare@a": StageStatus.FAILED, "train@a-x": StageStatus.SKIPPED}


def test_nightly_runs_no_stage_itself_that_a_worker_did_not_mention(handed_over: dict[str, Any]) -> None:
    del handed_over["outcomes"][1], handed_over["lock"]
    assert adopted(handed_over | {"metrics": {}}) == {
        "compare@a": StageStatus.RESTORED,
        "train@a-x": StageStatus.SKIPPED,
    }
