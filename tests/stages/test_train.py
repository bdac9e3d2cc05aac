from pathlib import Path

import pytest

from pipelines import code, paths, registry
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
