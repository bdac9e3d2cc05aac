from pathlib import Path
from typing import Any

import pytest

from pipelines.contract import Source
from pipelines.errors import InputError
from pipelines.tasks.music import collect
from tests.tasks.music.pieces import PARAMS
from tests.tasks.music.test_midi import file_of, note


def collected(folder: Path, monkeypatch: pytest.MonkeyPatch, share: float = 0.0) -> Source:
    monkeypatch.chdir(folder)
    (folder / "raw").mkdir()
    found = sorted(path.relative_to(folder) for path in (folder / "data/input/music").rglob("*.*"))
    return collect.collect(PARAMS.collect.model_copy(update={"max_unreadable": share}), found, Path("raw"))


@pytest.fixture
def dropped(tmp_path: Path) -> Path:
    folder = tmp_path / "data/input/music/waltzes/old"
    folder.mkdir(parents=True)
    return folder


def test_collect_takes_the_first_folder_as_the_style(
    tmp_path: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_of(dropped / "one.mid", note(0, 480, 60))
    file_of(dropped.parent / "one.midi", note(0, 480, 60))
    file_of(tmp_path / "data/input/music/loose.mid", note(0, 480, 60))
    source = collected(tmp_path, monkeypatch)
    assert set(source.parts) == {"waltzes", collect.STYLE}
    assert len(list(Path("raw/midi/waltzes").iterdir())) == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.mid", b"To be, or not to be", "is not a readable MIDI file"),
        ("a.mid", b"", "is not a readable MIDI file"),
        ("a.txt", b"To be, or not to be", "is not a MIDI file; convert or remove it"),
        ("a.mid", [note(0, 480, 36, channel=9)], "holds only drums; remove it"),
        ("a.mid", [[]], "holds no notes; remove it"),
        ("a.mid", [note(0, 480 * 120 * 600, 60)], "lasts 600 minutes, more than 60; cut it"),
    ],
)
def test_collect_refuses_a_file_that_is_not_music_with_the_reason(
    tmp_path: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: Any, message: str
) -> None:
    path = dropped / name
    path.write_bytes(content) if isinstance(content, bytes) else file_of(path, *content)
    with pytest.raises(InputError, match=rf"waltzes/old/{name}: {message}"):
        collected(tmp_path, monkeypatch)


def test_collect_names_the_few_unreadable_files_that_it_skips(
    tmp_path: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(3):
        file_of(dropped / f"{index}.mid", note(0, 480, 60))
    (dropped / "broken.mid").write_bytes(b"MThd")
    source = collected(tmp_path, monkeypatch, share=0.3)
    assert len(source.unreadable) == 1
    assert "broken.mid" in source.unreadable[0]


def test_collect_refuses_styles_that_some_file_systems_take_for_the_same(
    tmp_path: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_of(dropped / "one.mid", note(0, 480, 60))
    other = tmp_path / "data/input/music/Waltzes"
    other.mkdir()
    file_of(other / "two.mid", note(0, 480, 60))
    if len(list(other.parent.iterdir())) == 1:
        pytest.skip("this file system does")
    with pytest.raises(InputError, match="folders Waltzes and waltzes for the same; give one of them another name"):
        collected(tmp_path, monkeypatch)


def test_collect_takes_files_with_names_of_any_length(
    tmp_path: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("n" * 251, "ü" * 125):
        file_of(dropped / f"{name}.mid", note(0, 480, 60))
    collected(tmp_path, monkeypatch)
    assert len(list(Path("raw/midi/waltzes").iterdir())) == 2
