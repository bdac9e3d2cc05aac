"""A folder per class; what lies elsewhere or is not a clip is named and counted."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.contract import Source
from pipelines.errors import InputError
from pipelines.tasks.video import collect, pretrained
from pipelines.tasks.video.data import CLIPS, TABLE
from tests.tasks.video import clips
from tests.tasks.video.conftest import BLOCK


@pytest.fixture
def dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pretrained, "fetch", lambda params, destination: {"origin": "a network", "licence": "none"})
    folder = tmp_path / "data/input/video"
    for label in ("jump", "run"):
        (folder / label / "monday").mkdir(parents=True)
    return folder


def collected(folder: Path, share: float = 0.0) -> Source:
    raw = Path("raw")
    raw.mkdir()
    found = sorted(path.relative_to(Path.cwd()) for path in folder.rglob("*") if path.is_file())
    return collect.collect(BLOCK.collect.model_copy(update={"max_unreadable": share}), found, raw)


def test_first_folder_is_the_class_and_the_next_a_group(dropped: Path) -> None:
    for frames, path in enumerate(("jump/a.mp4", "jump/monday/a.mp4", "jump/monday/b.mkv", "run/a.MP4"), start=4):
        clips.write(dropped / path, frames=frames)
    source = collected(dropped)
    table = pd.read_parquet(Path("raw", TABLE))
    assert not source.sample
    assert table["label"].tolist() == ["jump", "jump", "jump", "run"]
    assert table["group"].tolist() == ["jump/a.mp4", "jump/monday", "jump/monday", "run/a.MP4"]
    assert {path.name for path in Path("raw", CLIPS).iterdir()} == set(table["file"])
    assert set(source.parts) == {"jump", "run", "efficientnet_lite0"}


def test_unreadable_clips_are_named_and_skipped(dropped: Path) -> None:
    for index in range(3):
        clips.write(dropped / f"run/{index}.mp4", frames=4)
    (dropped / "jump/text.mp4").write_text("not a video")
    source = collected(dropped, share=0.5)
    assert len(source.unreadable) == 1
    assert source.unreadable[0].startswith("data/input/video/jump/text.mp4: cannot be read as a video")


def test_too_many_unreadable_clips_stop_the_stage(dropped: Path) -> None:
    clips.write(dropped / "run/a.mp4", frames=4)
    clips.write(dropped / "jump/one.mp4", frames=1)
    with pytest.raises(
        InputError, match=r"jump/one\.mp4: shows only one picture.*1 of 2 files cannot be read, at most 0%"
    ):
        collected(dropped)


def test_clip_outside_a_class_is_refused(dropped: Path) -> None:
    clips.write(dropped / "loose.mp4", frames=4)
    with pytest.raises(
        InputError, match=r"loose\.mp4: lies in no folder; put each clip into a folder that is called as its class"
    ):
        collected(dropped)


def test_sample_has_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        collect._write(("growing", "test", (4, 7), tmp_path / name))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_parts_of_the_sample_have_the_shares_they_should() -> None:
    assert collect._counts(160) == [112, 16, 32]
    assert collect._counts(10) == [7, 1, 2]


def test_weights_that_cannot_be_downloaded_end_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    from pipelines.errors import SourceError

    def fail(**_: object) -> None:
        raise Exception("URL fetch failure on https://example.org: None -- unreachable")  # noqa: TRY002  # as Keras does

    monkeypatch.setattr(keras.applications, "ResNet50", fail)
    params = BLOCK.collect.model_copy(update={"network": "resnet50"})
    with pytest.raises(
        SourceError, match=r"weights of ResNet-50 cannot be downloaded .*; connect to the network, name a file"
    ):
        pretrained.fetch(params, tmp_path)


def test_file_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.weights.h5").write_text("not weights")
    for name, why in (("bad.weights.h5", "holds no weights of keras"), ("none.weights.h5", "is not a file")):
        params = BLOCK.collect.model_copy(update={"network": "resnet50", "weights_file": str(tmp_path / name)})
        with pytest.raises(InputError, match=why):
            pretrained.fetch(params, tmp_path)
