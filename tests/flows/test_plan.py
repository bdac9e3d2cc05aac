"""Why a stage runs, or does not."""

import os
import subprocess
import sys
from pathlib import Path

import networkx
import pytest

from flows import graph
from flows.plan import Plan, make_plan
from flows.stages import UNCHANGED, Outcome, StageStatus
from pipelines.errors import InputError
from tests.conftest import ROOT

CHAIN = networkx.DiGraph([("code", "collect@a"), ("collect@a", "train@a-x"), ("code", "train@a-x")])
CODE_RAN = Outcome("code", StageStatus.RAN, "source modified")


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome("collect@a", StageStatus.RAN, "word modified"), "upstream changed: collect@a"),
        (Outcome("collect@a", StageStatus.CACHED, "restored from the cache"), "upstream changed: collect@a"),
        (Outcome("collect@a", StageStatus.CACHED, UNCHANGED), None),
    ],
)
def test_plan_runs_a_stage_only_after_its_inputs_changed(outcome: Outcome, reason: str | None) -> None:
    plan = Plan(CHAIN, {}, settled={"code": CODE_RAN})
    assert plan.reason("train@a-x", {"code": CODE_RAN, "collect@a": outcome}) == reason


def test_plan_leaves_the_effect_of_settled_stages_to_dvc() -> None:
    outcomes = {"code": CODE_RAN}
    assert Plan(CHAIN, {}, settled=outcomes).reason("collect@a", outcomes) is None
    assert Plan(CHAIN, {}).reason("collect@a", outcomes) == "upstream changed: code"


def test_plan_forces_every_stage_but_code() -> None:
    plan = Plan(CHAIN, {}, force=True)
    outcomes = {"code": Outcome("code", StageStatus.CACHED, UNCHANGED)}
    assert plan.reason("code", {}) is None
    assert plan.reason("collect@a", outcomes) == "forced"


def test_plan_imports_no_prefect() -> None:
    code = "import sys, flows.plan; print('prefect' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_plan_refuses_a_pipe_before_dvc_would_wait_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(graph, "changes", lambda: pytest.fail("DVC was asked"))
    (tmp_path / "data/input/a").mkdir(parents=True)
    os.mkfifo("data/input/a/prices.csv")
    with pytest.raises(InputError, match="is a named pipe, not a file"):
        make_plan([])
