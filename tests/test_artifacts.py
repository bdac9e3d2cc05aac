from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pipelines import artifacts
from pipelines.errors import MissingStageError


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
