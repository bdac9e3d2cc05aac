"""What cannot be inspected ends in one true sentence, exit status 1, and leaves no page."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from pipelines.__main__ import main
from tests.inspect.models import L

Refusal = Callable[[list[str]], str]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of windows, one of ids, and inputs for them."""
    folder = tmp_path_factory.mktemp("good")
    keras.Sequential([keras.Input((5, 2), name="window"), L.LSTM(3), L.Dense(1)]).save(folder / "model.keras")
    keras.Sequential([keras.Input((5,), dtype="int32"), L.Embedding(9, 2), L.GRU(3), L.Dense(1)]).save(
        folder / "ids.keras"
    )
    left, right = keras.Input((5, 2), name="left"), keras.Input((3,), name="right")
    keras.Model([left, right], L.Concatenate()([L.GRU(3)(left), right])).save(folder / "two.keras")
    np.save(folder / "inputs.npy", np.zeros((4, 5, 2), np.float32))
    return folder


@pytest.fixture
def refusal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Refusal:
    monkeypatch.chdir(tmp_path)

    def run(arguments: list[str]) -> str:
        status = main(["inspect", *arguments])
        message = capsys.readouterr().err
        assert status == 1, message
        assert message.startswith("error: ")
        assert message.count("\n") == 1
        assert not list(tmp_path.glob("*-inspection"))
        return message

    return run


def changed(model: Path, folder: Path, **members: bytes | None) -> str:
    """A copy of a model with other contents of some members, None: without it."""
    path = folder / "changed.keras"
    names = {"config": "config.json", "weights": "model.weights.h5"}
    other = {names[name]: content for name, content in members.items()}
    with zipfile.ZipFile(model) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = other.get(name, source.read(name))
            if content is not None:
                target.writestr(name, content)
    return str(path)


def test_inspect_refuses_what_is_no_whole_keras_file(good: Path, tmp_path: Path, refusal: Refusal) -> None:
    model, inputs = good / "model.keras", str(good / "inputs.npy")
    whole = model.read_bytes()
    (tmp_path / "empty.keras").touch()
    (tmp_path / "cut.keras").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.keras").write_text("hello")
    (tmp_path / "old.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").touch()
    for name, reason in {
        "missing.keras": "there is no such file",
        "empty.keras": "is empty",
        "cut.keras": "cut off after",
        "text.keras": "is not a .keras file",
        "old.h5": "older HDF5 format",
        "saved": "is a folder with a SavedModel",
    }.items():
        assert reason in refusal([name, inputs])
    assert "without weights" in refusal([changed(model, tmp_path, weights=None), inputs])
    assert "without the description" in refusal([changed(model, tmp_path, config=None), inputs])
    assert "is damaged" in refusal([changed(model, tmp_path, config=b"{"), inputs])
    assert "does not describe a Keras model" in refusal([changed(model, tmp_path, config=b"[1]"), inputs])
    assert "cannot load it" in refusal([changed(model, tmp_path, weights=b"nothing"), inputs])
    with zipfile.ZipFile(good / "ids.keras") as other:
        assert "cannot load it" in refusal([changed(model, tmp_path, weights=other.read("model.weights.h5")), inputs])


def test_inspect_runs_no_code_that_a_model_brings_along(good: Path, tmp_path: Path, refusal: Refusal) -> None:
    keras.Sequential([keras.Input((5, 2)), L.Lambda(lambda x: 2 * x, name="twice"), L.LSTM(3)]).save(
        tmp_path / "lambda.keras"
    )
    message = refusal(["lambda.keras", str(good / "inputs.npy")])
    assert "holds Python code in the Lambda layer twice" in message
    with zipfile.ZipFile(good / "model.keras") as archive:
        config = json.loads(archive.read("config.json"))
    config["config"]["layers"][1] |= {"module": "os", "class_name": "system", "registered_name": "os>system"}
    path = changed(good / "model.keras", tmp_path, config=json.dumps(config).encode())
    assert "needs the code of system" in refusal([path, str(good / "inputs.npy")])


def test_inspect_refuses_models_with_nothing_to_inspect(good: Path, tmp_path: Path, refusal: Refusal) -> None:
    keras.Sequential([keras.Input((5, 2)), L.Conv1D(3, 3), L.Flatten(), L.Dense(1)]).save(
        tmp_path / "convolution.keras"
    )
    with pytest.warns(UserWarning, match="not yet been built"):
        keras.Sequential([L.LSTM(3), L.Dense(1)]).save(tmp_path / "unbuilt.keras")
    inputs = str(good / "inputs.npy")
    assert "has no recurrent layer, only Conv1D, Flatten, Dense" in refusal(["convolution.keras", inputs])
    assert "before the model was built" in refusal(["unbuilt.keras", inputs])


def test_inspect_refuses_code_that_cannot_be_run(good: Path, tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "broken.py").write_text("import keras\n1 / 0\n")
    (tmp_path / "wrong.py").write_text("def f(:\n")
    (tmp_path / "ends.py").write_text("import sys\nsys.exit(0)\n")
    command = [str(good / "model.keras"), str(good / "inputs.npy"), "--code"]
    assert "broken.py, line 2: cannot be run (ZeroDivisionError" in refusal([*command, "broken.py"])
    assert "wrong.py, line 1: cannot be run (SyntaxError" in refusal([*command, "wrong.py"])
    assert "it ends the program" in refusal([*command, "ends.py"])
    assert "there is no such file" in refusal([*command, "nothing.py"])


def test_inspect_says_what_the_model_takes_and_what_the_file_has(good: Path, tmp_path: Path, refusal: Refusal) -> None:
    window, ids, two = (str(good / f"{name}.keras") for name in ("model", "ids", "two"))

    def of(model: str, array: np.ndarray) -> str:
        np.save(tmp_path / "array.npy", array, allow_pickle=True)
        return refusal([model, "array.npy"])

    assert "has the shape (4, 6, 2), and the model's input window takes (sequences, 5, 2)" in of(
        window, np.zeros((4, 6, 2))
    )
    assert "has the shape (5, 2)" in of(window, np.zeros((5, 2)))
    assert "holds no sequence" in of(window, np.zeros((0, 5, 2)))
    assert "Python objects" in of(window, np.array([{}], object))
    assert "complex128" in of(window, np.zeros((4, 5, 2), complex))
    assert "holds texts" in of(window, np.full((4, 5, 2), "a"))
    values = np.zeros((4, 5, 2))
    values[2, 3, 1] = np.nan
    assert "holds nan at row 2, step 3, feature 1" in of(window, values)
    values = np.zeros((4, 5), np.int64)
    values[3, 1] = 9
    message = of(ids, values)
    assert "the id 9 at row 3, step 1" in message
    assert "the 9 ids from 0 to 8" in message
    assert "takes whole numbers" in of(ids, values + 0.5)
    assert "no number of the type int32" in of(ids, values + 2**40)
    assert "left (sequences, 5, 2) float32, right (sequences, 3) float32, and the file has one array" in of(two, values)
    np.savez(tmp_path / "some.npz", left=np.zeros((4, 5, 2)), wrong=np.zeros((4, 3)))
    assert "the file has the arrays left, wrong; write right with" in refusal([two, "some.npz"])
    np.savez(tmp_path / "some.npz", left=np.zeros((4, 5, 2)), right=np.zeros((3, 3)))
    assert "different numbers of sequences" in refusal([two, "some.npz"])


def test_inspect_refuses_damaged_arrays(good: Path, tmp_path: Path, refusal: Refusal) -> None:
    model, whole = str(good / "model.keras"), (good / "inputs.npy").read_bytes()
    (tmp_path / "empty.npy").touch()
    (tmp_path / "cut.npy").write_bytes(whole[:-8])
    (tmp_path / "header.npy").write_bytes(whole[:20])
    (tmp_path / "text.csv").write_text("1,2,3")
    huge = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little")
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000000, 5, 2), }"
    (tmp_path / "huge.npy").write_bytes(huge + header.ljust(117) + b"\n")
    np.savez(tmp_path / "whole.npz", window=np.zeros((4, 5, 2)))
    archive = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(archive[:-60])
    with zipfile.ZipFile(tmp_path / "none.npz", "w") as file:
        file.writestr("a.txt", "a")
    for name, reason in {
        "missing.npy": "there is no such file",
        ".": "is a folder",
        "empty.npy": "is empty",
        "cut.npy": "160 bytes, and 152 follow",
        "header.npy": "is damaged",
        "huge.npy": "160,000,000,000,000 bytes, and 0 follow",
        "text.csv": "is neither a .npy nor a .npz file",
        "cut.npz": "cut off",
        "none.npz": "holds no array",
    }.items():
        assert reason in refusal([model, name]), name


def test_inspect_refuses_names_that_are_not_as_many_as_features_or_ids(
    good: Path, tmp_path: Path, refusal: Refusal
) -> None:
    names = tmp_path / "names.txt"
    np.save(tmp_path / "ids.npy", np.ones((4, 5), int))
    window = [str(good / "model.keras"), str(good / "inputs.npy"), "--names", "names.txt"]
    for text, reason in {
        "a\nb\nc\n": "has 3 names, and a step of the sequence has 2 features",
        "a\na\n": "line 2: has the name 'a' of line 1",
        "a\n\n": "line 2: has no name",
        "": "is empty",
    }.items():
        names.write_text(text, encoding="utf-8")
        assert reason in refusal(window)
    names.write_bytes(b"a\n\xff\n")
    assert "line 2: is not UTF-8" in refusal(window)
    names.write_text("a\nb\n", encoding="utf-8")
    assert "the vocabulary has 9 ids" in refusal([str(good / "ids.keras"), "ids.npy", "--names", "names.txt"])


def test_inspect_replaces_nothing_but_an_earlier_inspection(
    good: Path, tmp_path: Path, refusal: Refusal, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    command = [str(good / "model.keras"), str(good / "inputs.npy"), "--out"]
    assert "holds files that are not those of an earlier inspection" in refusal([*command, "mine"])
    assert "is not a folder" in refusal([*command, "mine/thesis.txt"])
    (tmp_path / "earlier").mkdir()
    (tmp_path / "earlier" / "inspection.json").touch()
    shutil.copy(good / "inputs.npy", tmp_path / "earlier")
    assert main(["inspect", str(good / "model.keras"), "earlier/inputs.npy", "--out", "earlier"]) == 2
    assert "which the page would replace" in capsys.readouterr().err
