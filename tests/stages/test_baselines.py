from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from pipelines import artifacts, paths
from pipelines.contract import Evaluation, Meta
from pipelines.errors import InputError
from pipelines.results import Results
from pipelines.stages import baselines
from pipelines.task import Task


def scored(value: float) -> Evaluation:
    return Evaluation({"mae": value}, np.ones(3))


def not_estimated() -> Evaluation:
    raise np.linalg.LinAlgError("Schur decomposition solver error.")


METHODS = {"naive": lambda: scored(1.0), "ARIMA": not_estimated, "GARCH": lambda: scored(np.inf)}


def run(methods: dict[str, Any]) -> None:
    stage = SimpleNamespace(Meta=Meta, baselines=lambda prepared, meta, target, params: methods)
    artifacts.write_json(paths.prepared("toy") / "meta.json", Meta({"a": {}}, "by time"))
    baselines.run(cast(Task, SimpleNamespace(name="toy", stage=lambda kind: stage)), None)


def test_baselines_leave_out_what_cannot_be_estimated_or_scored_and_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run(METHODS)
    assert artifacts.read_json(paths.baselines("toy") / "metrics.json") == {"a": {"naive": {"mae": 1}}}
    assert list(artifacts.read_arrays(paths.baselines("toy") / "a" / "losses.npz")) == ["naive"]
    assert Results("toy", ()).baseline_failures("a") == {
        "ARIMA": "could not be estimated (Schur decomposition solver error.)",
        "GARCH": "has no finite score",
    }
    printed = capsys.readouterr()
    assert "the baseline ARIMA could not be estimated" in printed.out + printed.err


def test_baselines_do_not_hide_a_bug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ZeroDivisionError):
        run({"naive": lambda: scored(1 / 0)})


def test_baselines_of_which_none_can_be_estimated_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="toy/a: no baseline could be estimated"):
        run({"ARIMA": not_estimated, "GARCH": METHODS["GARCH"]})
    assert not paths.baselines("toy").exists()
