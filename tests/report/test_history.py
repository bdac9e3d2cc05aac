"""What changed since the last record, in a Git repository of its own."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipelines.report import history
from pipelines.report.history import TaskHistory

Values = dict[str, tuple[float, float | None]]
"""Model -> mean and standard deviation."""


def git(*arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always")
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.fixture(autouse=True)
def repository(in_folder: Path) -> Path:
    git("init", "-q")
    return in_folder


def write(values: Values, seconds: float = 1.0) -> None:
    folder = Path("metrics/rain")
    folder.mkdir(parents=True, exist_ok=True)
    for model, (mean, std) in values.items():
        summary = {"mean": mean, "std": std}
        (folder / f"{model}.json").write_text(
            json.dumps({"test": {"mm": {"error": summary}}, "cost": {"train_seconds": seconds}})
        )


def commit(values: Values, seconds: float = 1.0) -> None:
    write(values, seconds)
    git("add", "-A")
    git("commit", "-qm", "t")


def compared(*models: str, lower_is_better: bool = True) -> TaskHistory:
    metric = {"name": "error", "title": "error", "lower_is_better": lower_is_better}
    summary: dict[str, Any] = {"task": "rain", "title": "Rain", "sample": True}
    comparison = {"decisions": {"mm": {"metric": metric}}, "models": dict.fromkeys(models)}
    (found,) = history.since_last_record([summary | {"comparison": comparison}])
    return found


def marks(found: TaskHistory) -> dict[str, str]:
    return {change.model: change.mark for change in found.changes}


def test_history_marks_what_is_beyond_the_spread_over_seeds() -> None:
    commit({"a": (1.0, 0.1), "b": (1.0, 0.1), "c": (1.0, 0.1), "d": (1.0, None), "e": (1.0, 0.1)})
    write({"a": (0.7, 0.1), "b": (1.3, 0.1), "c": (1.15, 0.1), "d": (0.5, 0.1)})
    found = compared("a", "b", "c", "d", "e")
    assert marks(found) == {"a": "better", "b": "worse", "c": "within the spread", "d": "one seed"}
    assert (found.compared, found.differ) == (5, 4)
    assert marks(compared("a", "b", lower_is_better=False)) == {"a": "worse", "b": "better"}


def test_history_of_committed_metrics_goes_back_to_the_last_commit_with_others() -> None:
    commit({"a": (2.0, 0.1)})
    commit({"a": (1.0, 0.1)})
    commit({"a": (1.0, 0.1)}, seconds=2.0)  # only the cost
    found = compared("a")
    assert marks(found) == {"a": "better"}
    assert found.changes[0].before["mean"] == 2.0
    assert found.commit
    assert found.date


def test_history_names_new_models_and_other_parameters() -> None:
    Path("params.yaml").write_text("rain: {train: {epochs: 5}, models: {a: {units: 3}}}\n")
    commit({"a": (2.0, 0.1)})
    Path("params.yaml").write_text("rain: {train: {epochs: 9}, models: {a: {units: 4, dense: []}}}\n")
    write({"a": (1.0, 0.1), "b": (1.0, 0.1)})
    found = compared("a", "b")
    assert found.new == ["b"]
    assert found.parameters == ["models.a", "train.epochs"]


def test_history_leaves_out_metrics_in_an_old_layout() -> None:
    Path("metrics/rain").mkdir(parents=True)
    for text in ('{"test": {"error": {"mean": 9.0, "std": 0.1}}}', "[1]", "{"):
        Path("metrics/rain/a.json").write_text(text)
        git("add", "-A")
        git("commit", "-qm", "t")
    write({"a": (1.0, 0.1)})
    assert compared("a") == TaskHistory("rain", "Rain")


def test_history_without_a_repository_or_a_commit_compares_nothing(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"a": (1.0, 0.1)})
    assert compared("a") == TaskHistory("rain", "Rain")  # no commit
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", "/")
    monkeypatch.chdir(tmp_path_factory.mktemp("archive"))
    write({"a": (1.0, 0.1)})
    assert compared("a") == TaskHistory("rain", "Rain")
    monkeypatch.setenv("PATH", "")
    assert compared("a") == TaskHistory("rain", "Rain")


def test_history_of_a_shallow_clone_compares_with_what_it_has(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit({"a": (2.0, 0.1)})
    commit({"a": (1.0, 0.1)})
    clone = tmp_path_factory.mktemp("shallow") / "clone"
    git("clone", "-q", "--depth", "1", repository.as_uri(), str(clone))
    monkeypatch.chdir(clone)
    assert compared("a") == TaskHistory("rain", "Rain")
    write({"a": (0.5, 0.1)})
    assert marks(compared("a")) == {"a": "better"}
