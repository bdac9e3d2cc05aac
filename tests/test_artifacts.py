import errno
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines import artifacts
from pipelines.errors import DamagedError, MissingStageError, OutputError


def test_replacing_folder_keeps_the_old_output_when_the_block_fails(tmp_path: Path) -> None:
    target = tmp_path / "output"
    with artifacts.replacing_folder(target) as folder:
        (folder / "kept").write_text("old")

    def fail() -> None:
        with artifacts.replacing_folder(target) as folder:
            (folder / "half").write_text("new")
            (folder / "no such file").read_text()

    with pytest.raises(FileNotFoundError):
        fail()
    assert [path.name for path in tmp_path.rglob("*")] == ["output", "kept"]


def test_replacing_folder_replaces_the_whole_folder(tmp_path: Path) -> None:
    for name in ("first", "second"):
        with artifacts.replacing_folder(tmp_path / "output") as folder:
            (folder / name).write_text(name)
    assert [path.name for path in (tmp_path / "output").iterdir()] == ["second"]


@pytest.mark.parametrize("made_anew", [True, False])
def test_replacing_folder_refuses_a_folder_that_was_removed_meanwhile(tmp_path: Path, made_anew: bool) -> None:
    """As by a second process: the writers of files would make it anew without what was written before."""

    def lose() -> None:
        with artifacts.replacing_folder(tmp_path / "output") as folder:
            artifacts.write_json(folder / "part" / "1.json", 1)
            shutil.rmtree(folder)
            if made_anew:
                artifacts.write_json(folder / "part" / "2.json", 2)

    with pytest.raises(
        OutputError, match=r"output\.\d+\.partial was removed while it was written; run the same command again"
    ):
        lose()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("replacing", [artifacts.replacing, artifacts.replacing_folder])
def test_replacing_removes_what_killed_processes_left_and_nothing_else(
    tmp_path: Path, replacing: Callable[[Path], Any]
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    living = os.getppid()
    for process in (ended.pid, living):
        (tmp_path / f".gru.{process}.partial").mkdir()
        (tmp_path / f".gru.2.{process}.partial").write_text("of another output")
    with replacing(tmp_path / "gru") as partial:
        (partial / "file" if partial.is_dir() else partial).write_text("new")
    left = {path.name for path in tmp_path.iterdir()} - {"gru"}
    assert left == {f".gru.{living}.partial", f".gru.2.{living}.partial", f".gru.2.{ended.pid}.partial"}


def test_replacing_folder_is_on_disk_before_it_replaces_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    sync, replace = artifacts._sync, Path.replace

    def synced(path: Path) -> None:
        events.append(f"sync {path.name}")
        sync(path)

    def replaced(path: Path, target: Path) -> Path:
        events.append(f"rename {target.name}")
        return replace(path, target)

    monkeypatch.setattr(artifacts, "_sync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    with artifacts.replacing_folder(tmp_path / "output") as folder:
        artifacts.write_json(folder / "part" / "1.json", 1)
    partial = f".output.{os.getpid()}.partial"
    assert events == [
        "rename 1.json",
        f"sync {partial}",
        "sync part",
        "sync 1.json",
        "rename output",
        f"sync {tmp_path.name}",
    ]
    events.clear()
    artifacts.write_arrays(tmp_path / "seed.npz", {})
    assert events == [f"sync .seed.npz.{os.getpid()}.partial", "rename seed.npz", f"sync {tmp_path.name}"]


def test_replacing_does_not_remove_a_folder_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "song.mid").mkdir()
    with pytest.raises(OutputError, match=r"song\.mid: is a folder, where a file is to be written"):
        artifacts.write_json(tmp_path / "song.mid", 1)
    (tmp_path / "prepared").write_text("a file")
    with pytest.raises(OutputError, match="prepared: is a file, where a folder is to be made; remove it"):
        artifacts.write_json(tmp_path / "prepared" / "task" / "meta.json", 1)
    assert {path.name for path in tmp_path.iterdir()} == {"song.mid", "prepared"}


NUMBERS = np.random.default_rng(0).normal(size=2000)
WRITERS = {
    "x.json": lambda path: artifacts.write_json(path, NUMBERS.tolist()),
    "x.npy": lambda path: artifacts.write_array(path, NUMBERS),
    "x.npz": lambda path: artifacts.write_arrays(path, {"a": NUMBERS}),
    "folder": lambda path: write_folder(path, NUMBERS),
}


def write_folder(path: Path, numbers: np.ndarray) -> None:
    with artifacts.replacing_folder(path) as folder:
        artifacts.write_array(folder / "x.npy", numbers)


@pytest.mark.parametrize("name", WRITERS)
def test_writing_on_a_full_disk_names_the_file_and_keeps_the_old_one(
    tmp_path: Path, name: str, full_disk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.test_artifacts.NUMBERS", NUMBERS[:10])
    WRITERS[name](tmp_path / name)
    monkeypatch.undo()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    with pytest.raises(OSError, match=name) as caught:
        WRITERS[name](tmp_path / name)
    assert caught.value.errno == errno.EFBIG
    assert caught.value.filename == str(tmp_path / name / ("x.npy" if name == "folder" else ""))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


def test_write_json_writes_equal_values_as_the_same_bytes(tmp_path: Path) -> None:
    artifacts.write_json(tmp_path / "a", {"b": np.float64("nan"), "a": (np.int64(1), 0.1 + 0.2)})
    artifacts.write_json(tmp_path / "b", {"a": [1, 0.3], "b": None})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_write_arrays_writes_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name in "ab":
        artifacts.write_arrays(tmp_path / name, {"layer/forward": np.arange(3.0)})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert artifacts.read_arrays(tmp_path / "a")["layer/forward"].tolist() == [0, 1, 2]


@dataclass(frozen=True)
class Part:
    name: str
    values: np.ndarray


@dataclass(frozen=True)
class Whole:
    parts: list[Part]
    by_name: dict[str, Part]
    either: Part | None
    words: tuple[str, ...] = ()
    number: float | None = None


def test_read_record_restores_nested_dataclasses(tmp_path: Path) -> None:
    one, two = Part("ü/1", np.arange(3.0)), Part("two", np.zeros((0, 2), np.float32))
    whole = Whole([one, two], {"a/b": two}, None, ("x", "y"), float("nan"))
    artifacts.write_record(tmp_path / "r.npz", whole)
    again = artifacts.read_record(tmp_path / "r.npz", Whole)
    assert [part.name for part in again.parts] == ["ü/1", "two"]
    np.testing.assert_array_equal(again.parts[0].values, one.values)
    assert again.by_name["a/b"].values.shape == (0, 2)
    assert again.by_name["a/b"].values.dtype == np.float32
    assert again.either is None
    assert again.words == ("x", "y")
    assert np.isnan(again.number)  # type: ignore[arg-type]


def test_read_record_restores_a_mapping_of_dataclasses(tmp_path: Path) -> None:
    artifacts.write_record(tmp_path / "r.npz", {"AR(1)": Part("p", np.ones(2)), "none": None})
    again = artifacts.read_record(tmp_path / "r.npz", dict[str, Part])
    assert again["AR(1)"].values.tolist() == [1, 1]
    assert again["none"] is None


def test_read_ignores_fields_that_a_subclass_adds(tmp_path: Path) -> None:
    artifacts.write_json(tmp_path / "m.json", {"name": "n", "values": [1], "of its own": 3})
    assert artifacts.read(tmp_path / "m.json", Part).name == "n"


def test_read_json_of_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(MissingStageError, match="dvc repro"):
        artifacts.read_json(tmp_path / "meta.json")


# Damaged files


READERS: dict[str, Callable[[Path], Any]] = {
    "x.json": lambda path: artifacts.read(path, Part),
    "x.npy": artifacts.read_array,
    "x.npz": artifacts.read_arrays,
    "record.npz": lambda path: artifacts.read_record(path, Part),
    "x.parquet": artifacts.read_table,
    "x.bin": lambda path: artifacts.read_binary(path, np.uint16, (20, 5)),
}
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[: len(content) // 2],
    "zeroed": lambda content: bytes(len(content)),
    "empty": lambda content: b"",
    "of another encoding": lambda content: content.decode("latin1").encode("utf-16"),
    "of another kind": lambda content: b"[1, 2]" if content[:1] == b"{" else b"{}",
}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder of the files of `READERS`."""
    artifacts.write_json(tmp_path / "x.json", {"name": "ü", "values": [1.5] * 9})
    artifacts.write_array(tmp_path / "x.npy", np.arange(100.0).reshape(20, 5).T)
    artifacts.write_arrays(tmp_path / "x.npz", {"a": np.arange(100.0)})
    artifacts.write_record(tmp_path / "record.npz", Part("p", np.arange(100.0)))
    pd.DataFrame({"a": np.arange(100.0)}).to_parquet(tmp_path / "x.parquet")
    (tmp_path / "x.bin").write_bytes(np.arange(100, dtype=np.uint16).tobytes())
    return tmp_path


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", READERS)
def test_reading_a_damaged_file_names_it_and_the_remedy(written: Path, name: str, damage: str) -> None:
    path = written / name
    READERS[name](path)
    if (name, damage) == ("x.bin", "zeroed"):
        return  # of the right size, and numbers all the same
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    with pytest.raises(DamagedError) as caught:
        READERS[name](path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path} is damaged (")
    assert sentence.endswith("): run `dvc repro`, which makes it again")
    assert sentence.isprintable()


def test_read_array_restores_what_write_array_wrote_in_any_layout(written: Path) -> None:
    again = artifacts.read_array(written / "x.npy")
    np.testing.assert_array_equal(again, np.arange(100.0).reshape(20, 5).T)
    artifacts.write_array(written / "none.npy", np.zeros((0, 3), np.float32))
    assert artifacts.read_array(written / "none.npy").shape == (0, 3)
