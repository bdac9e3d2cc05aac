from pathlib import Path

import numpy as np
import pytest

from pipelines import artifacts
from pipelines.errors import MissingStageError


def test_a_failed_block_leaves_the_old_output_and_no_half_of_a_new_one(tmp_path: Path) -> None:
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


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    for name in ("first", "second"):
        with artifacts.replacing_folder(tmp_path / "output") as folder:
            (folder / name).write_text(name)
    assert [path.name for path in (tmp_path / "output").iterdir()] == ["second"]


def test_json_is_the_same_bytes_whatever_the_order_and_has_no_nan(tmp_path: Path) -> None:
    artifacts.write_json(tmp_path / "a", {"b": np.float64("nan"), "a": (np.int64(1), 0.1 + 0.2)})
    artifacts.write_json(tmp_path / "b", {"a": [1, 0.3], "b": None})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_arrays_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in "ab":
        artifacts.write_arrays(tmp_path / name, {"layer/forward": np.arange(3.0)})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert artifacts.read_arrays(tmp_path / "a")["layer/forward"].tolist() == [0, 1, 2]


def test_what_is_missing_says_which_command_makes_it(tmp_path: Path) -> None:
    with pytest.raises(MissingStageError, match="dvc repro"):
        artifacts.read_json(tmp_path / "meta.json")
