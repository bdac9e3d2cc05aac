"""The files that `predict` writes."""

import os
from pathlib import Path

import pytest

from pipelines.errors import InputError, UsageError
from pipelines.predict import output_file


@pytest.fixture
def tune(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tune.mid"
    path.write_bytes(b"notes")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.mid").symlink_to(path)
    (tmp_path / "hard.mid").hardlink_to(path)
    (tmp_path / "into").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.mid")
    return path


@pytest.mark.parametrize(
    "name", ["tune.mid", "./tune.mid", "folder/../tune.mid", "link.mid", "hard.mid", "into/tune.mid", "{tune}"]
)
def test_output_file_is_never_an_input(tune: Path, name: str) -> None:
    for given in ("tune.mid", "link.mid"):
        with pytest.raises(UsageError, match=f"is the same file as {given}, which it would overwrite; name another"):
            output_file(name.format(tune=tune), "folder", given)


def test_output_file_is_no_other_output(tune: Path) -> None:
    with pytest.raises(UsageError, match=r"new\.mid: is the same file as \./new\.mid"):
        output_file("new.mid", "./new.mid")


@pytest.mark.parametrize("name", ["folder", ".", "pipe.mid", "/dev/null", "into"])
def test_output_file_is_a_regular_file(tune: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"^{name}: is not a regular file; name another"):
        output_file(name)


@pytest.mark.parametrize("name", ["none/new.mid", "tune.mid/new.mid"])
def test_output_file_has_a_folder(tune: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"there is no folder .*; make it, or name another file"):
        output_file(name, "tune.mid")


def test_output_file_follows_a_link_so_that_it_stays_one(tune: Path) -> None:
    assert output_file("link.mid") == tune.resolve()
    assert output_file("folder/new.mid", "tune.mid") == (tune.parent / "folder/new.mid").resolve()
