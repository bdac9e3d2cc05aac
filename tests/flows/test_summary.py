"""What a run leaves for the page of the pipeline."""

import json
from pathlib import Path
from typing import Any

import pytest

from flows import summary
from flows.stages import UNCHANGED, Outcome, StageStatus
from pipelines import paths


@pytest.fixture(autouse=True)
def reports(in_folder: Path) -> Path:
    folder = in_folder / paths.REPORTS
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def left() -> dict[str, Any]:
    text = paths.LAST_RUN.read_text()
    found: dict[str, Any] = json.loads(text.removeprefix(summary.PREFIX).rstrip().removesuffix(";"))
    return found


def test_leave_keeps_what_earlier_runs_did() -> None:
    summary.leave(
        [Outcome("train@a-gru", StageStatus.RAN, "never ran here", 12.34), Outcome("site", StageStatus.RAN, "x", 1)], 14
    )
    summary.leave(
        [Outcome("train@a-gru", StageStatus.CACHED, UNCHANGED), Outcome("site", StageStatus.FAILED, "no disk", 2)], 3
    )
    run = left()
    assert (run["number"], run["wall"]) == (2, 3)
    assert run["stages"] == {
        "train@a-gru": {"run": 1, "state": "ran", "seconds": 12.3, "why": "never ran here"},
        "site": {"run": 2, "state": "failed", "seconds": 2, "why": "no disk"},
    }


@pytest.mark.parametrize("text", ["window.lastRun = null;\n", "{", ""])
def test_leave_begins_anew_where_there_is_nothing_to_keep(text: str) -> None:
    paths.LAST_RUN.write_text(text)
    summary.leave([Outcome("site", StageStatus.RAN, "x", 1)], 1)
    assert left()["number"] == 1


def test_leave_writes_nothing_without_reports(reports: Path) -> None:
    reports.rmdir()
    summary.leave([Outcome("site", StageStatus.RAN, "x", 1)], 1)
    assert not paths.LAST_RUN.exists()
