from pathlib import Path
from typing import Any

import keras
import pytest

from pipelines import code, paths, registry
from pipelines import params as pipeline_params
from pipelines.stages import train

TASK = "timeseries"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "resuming from the checkpoints of the training that was interrupted"),
        (b"", "its checkpoints are dropped: they are of other parameters, data or code"),
        (b"\xff\xfe\x00", "its checkpoints are dropped: they are of other parameters, data or code"),
    ],
    ids=["whole", "empty", "of another encoding"],
)
def test_train_keeps_checkpoints_only_with_their_whole_fingerprint(
    content: bytes | None,
    line: str,
    in_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(code, "hashes", lambda kind, task: {"pipelines": "1"})
    params = registry.find(TASK).params()
    work = train._work_folder(TASK, "lstm", params)
    assert work == paths.checkpoint(TASK, "lstm")
    assert not capsys.readouterr().out
    checkpoint = work / "co2" / "seed-1.npz"
    checkpoint.parent.mkdir()
    checkpoint.write_bytes(b"weights")
    if content is not None:
        (work / "fingerprint").write_bytes(content)
    train._work_folder(TASK, "lstm", params)
    assert capsys.readouterr().out == f"{TASK}/lstm: {line}\n"
    assert checkpoint.exists() == (content is None)
    train._work_folder(TASK, "lstm", params)
    assert ("dropped" in capsys.readouterr().out) is False


def test_train_gives_a_matched_model_the_budget_of_the_other_one(in_folder: Path) -> None:
    params = registry.find(TASK).params()
    built: list[Any] = []

    def build(model: Any) -> keras.Model:
        built.append(model)
        inputs = keras.Input((3,))
        return keras.Model(inputs, keras.layers.Dense(4)(inputs))

    assert train._matched(params, "gru", build) is params.models["gru"]
    assert train._matched(params, "gru_matched", build).parameters == 16
    assert built == [params.models["lstm"]]


def test_train_drops_checkpoints_when_the_matched_model_changes(
    in_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(code, "hashes", lambda kind, task: {"pipelines": "1"})
    checkpoint = train._work_folder(TASK, "gru_matched", registry.find(TASK).params()) / "co2" / "seed-1.npz"
    checkpoint.parent.mkdir()
    checkpoint.write_bytes(b"weights")
    path = in_folder / "params.yaml"
    path.write_text(path.read_text().replace("{cell: lstm, units: 50}", "{cell: lstm, units: 40}"))
    pipeline_params.values.cache_clear()
    train._work_folder(TASK, "gru_matched", registry.find(TASK).params())
    assert "its checkpoints are dropped" in capsys.readouterr().out
