"""Models as courses build them, saved, and inspected through the command line."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pipelines.__main__ import main
from pipelines.inspect import inputs
from tests.inspect import models
from tests.inspect.models import ROWS, STEPS, L
from tests.report.test_language import english_in

LSTM_GATES = "input gate, forget gate, output gate"
GRU_GATES = "update gate, reset gate"
LAYERS: dict[str, dict[str, str]] = {
    "reviews": {
        "bidirectional": LSTM_GATES,
        "bidirectional, backward": LSTM_GATES,
        "bidirectional_1": LSTM_GATES,
        "bidirectional_1, backward": LSTM_GATES,
    },
    "topics": {"gru": GRU_GATES},
    "series": {"lstm": LSTM_GATES, "lstm_1": LSTM_GATES},
    "seq2seq": {"encoder": LSTM_GATES, "decoder": LSTM_GATES},
    "frames": {"gru": GRU_GATES},
    "nested": {"encoder/lstm": LSTM_GATES},
    "stateful": {"gru": GRU_GATES},
    "older": {"gru, backward": GRU_GATES, "simple_rnn": "none: the cell has no gates"},
    "stacked_cells": {"rnn/1_lstm_cell": LSTM_GATES, "rnn/2_gru_cell": GRU_GATES},
    "convolutional": {"lstm": LSTM_GATES, "conv_lstm2d": "not traced: the states"},
    "half": {"lstm": LSTM_GATES},
    "siamese": {"shared/call_1": LSTM_GATES, "shared/call_2": LSTM_GATES},
    "tagging": {"gru": GRU_GATES},
}
EXPLAINED = {
    "reviews": "refer to the input of the layer bidirectional. What is explained is the output.",
    "topics": "the log-probability of the likeliest of 3 classes.",
    "seq2seq": "the layer encoder. What is explained is the log-probability of the likeliest of 4 classes. Of the 5 steps",
    "nested": "encoder/lstm. What is explained is the output. The output is price; the others are not explained: volume.",
    "stateful": "2 outputs (gradients: of the first and the last; contributions: to their mean). Of the 7 steps of the output, the last",
    "convolutional": "refer to the input of the layer conv_lstm2d",
    "siamese": "refer to the input of the layer shared, in the first of its 2 calls",
    "tagging": "the likeliest of 3 classes. Of the 7 steps of the output, the last",
}


def inspected(name: str, folder: Path, *options: str) -> dict[str, Any]:
    """The numbers of the page of one of `models`."""
    keras.backend.clear_session()  # the names of layers begin anew
    model, arrays = models.save(name, folder)
    assert main(["inspect", model, arrays, "--out", str(folder / "page"), *options]) == 0
    page = (folder / "page" / "index.html").read_text(encoding="utf-8")
    record: dict[str, Any] = json.loads((folder / "page" / "inspection.json").read_text(encoding="utf-8"))
    record["page"] = page
    return record


@pytest.mark.parametrize("name", models.MODELS)
def test_inspect_shows_the_gates_the_memory_and_the_dependencies_of_a_model(name: str, tmp_path: Path) -> None:
    record = inspected(name, tmp_path)
    shown = {row["name"]: row["gates"] for row in record["facts"]["layers"]}
    assert shown.keys() == LAYERS[name].keys()
    for layer, gates in LAYERS[name].items():
        assert shown[layer].startswith(gates.split(":")[0])
    assert EXPLAINED.get(name, "") in record["facts"]["explained"]
    for part in ("own-dependency-model", "importance-time-model", "memory-model", "time-constants-model"):
        assert f'id="chart-{part}"' in record["page"], part
    not_shown = [layer for layer, gates in LAYERS[name].items() if gates.startswith("not")]
    assert record["page"].count("Not shown:") == len(not_shown)
    assert all(layer["discrepancy"] < (0.02 if name == "half" else 2e-6) for layer in record["layers"])
    assert record["facts"]["arrays"][0]["read"].startswith(f"({ROWS}, ")


def test_inspect_names_features_and_words(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("open\n<b>close\nvolume\n", encoding="utf-8")
    record = inspected("series", tmp_path, "--names", str(names))
    assert "\\u003cb\\u003eclose" in record["page"]
    assert "<b>close" not in record["page"]
    names.write_text("".join(f"word{index}\n" for index in range(20)), encoding="utf-8")
    record = inspected("reviews", tmp_path, "--names", str(names))
    assert '"word7 "' in record["page"]
    assert "contribution" in record["page"]


def test_inspect_shows_what_each_layer_reads_under_the_microscope(tmp_path: Path) -> None:
    inspected("seq2seq", tmp_path)
    script = (tmp_path / "page" / "microscope.js").read_text(encoding="utf-8")
    data = json.loads(script.partition("] = ")[2].rstrip(";\n"))
    read = {layer["layer"]: data["tracks"][layer["track"]] for layer in data["layers"]}
    assert {layer: (track["name"], len(track["labels"])) for layer, track in read.items()} == {
        "encoder": ("source", 5),
        "decoder": ("target", 4),
    }


def test_inspect_numbers_the_steps_where_several_inputs_have_as_many(tmp_path: Path) -> None:
    windows = [keras.Input((5, 2), name=name) for name in ("left", "right")]
    keras.Model(windows, L.LSTM(3)(L.Concatenate()(windows))).save(tmp_path / "two.keras")
    np.savez(tmp_path / "two.npz", left=np.ones((4, 5, 2), np.float32), right=np.zeros((4, 5, 2), np.float32))
    command = ["inspect", str(tmp_path / "two.keras"), str(tmp_path / "two.npz"), "--out", str(tmp_path / "page")]
    assert main(command) == 0
    script = (tmp_path / "page" / "microscope.js").read_text(encoding="utf-8")
    (track,) = json.loads(script.partition("] = ")[2].rstrip(";\n"))["tracks"]
    assert track["values"][0] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("name", ["reviews", "tagging", "siamese"])
def test_inspect_in_turkish_writes_no_english_sentence(name: str, tmp_path: Path) -> None:
    page = inspected(name, tmp_path, "--language", "tr")["page"]
    assert '<html lang="tr">' in page
    assert english_in(page, "tr") == []


def test_inspect_says_that_sequences_of_a_stateful_model_begin_anew(tmp_path: Path) -> None:
    record = inspected("stateful", tmp_path)
    assert record["facts"]["notes"] == ["gru: stateful, but here every sequence begins with states of zeros."]
    assert record["facts"]["arrays"][0]["read"].startswith(f"({ROWS}, ")  # though it was built for batches of two


def test_inspect_says_that_names_are_not_used(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("a\nb\nc\n", encoding="utf-8")
    record = inspected("stacked_cells", tmp_path, "--names", str(names))
    assert any("are not used" in note for note in record["facts"]["notes"])


def test_inspect_reads_some_of_many_sequences_and_steps_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "SEQUENCES", 5)
    monkeypatch.setattr(inputs, "STEPS", 6)
    network = keras.Sequential([keras.Input((None, 2)), L.GRU(2), L.Dense(1)])
    network.save(tmp_path / "long.keras")
    np.save(tmp_path / "long.npy", np.zeros((9, 8, 2), np.float16))
    command = ["inspect", str(tmp_path / "long.keras"), str(tmp_path / "long.npy"), "--out", str(tmp_path / "page")]
    assert main(command) == 0
    record = json.loads((tmp_path / "page" / "inspection.json").read_text(encoding="utf-8"))
    assert record["facts"]["arrays"][0]["read"] == "(5, 6, 2)"
    assert record["facts"]["provenance"]["Rows read"] == "0, 2, 4, 6, 8"
    assert "5 of the 9 sequences are read" in record["facts"]["notes"][0]
    assert "the first 6 of 8 steps" in record["facts"]["notes"][1]


CELL = """
import keras

@keras.saving.register_keras_serializable("mine")
class Leaky(keras.layers.Layer):
    def __init__(self, units, **options):
        super().__init__(**options)
        self.units, self.state_size, self.output_size = units, [units, units], units

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")

    def call(self, inputs, states):
        memory = 0.5 * states[1] + keras.ops.matmul(inputs, self.kernel)
        return keras.ops.tanh(memory), [keras.ops.tanh(memory), memory]

    def get_config(self):
        return {**super().get_config(), "units": self.units}
"""
GATED = """
import keras
from keras import ops
from pipelines.nn.cells import GatedCell

class Copy(GatedCell):
    def build_weights(self, features):
        self.kernel = self.matrix("kernel", features, 2)

    def step(self, x, *states):
        z, n = ops.split(ops.matmul(x, self.kernel), 2, axis=-1)
        z, n = ops.sigmoid(z), ops.tanh(n)
        return {"keep gate": z, "candidate": n, "hidden_state": z * states[0] + (1 - z) * n, "carry": z}
"""


@pytest.mark.parametrize(("code", "name"), [(CELL, "Leaky"), (GATED, "Copy")], ids=["unknown", "gated"])
def test_inspect_takes_cells_from_the_users_code(
    code: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "my_cells.py"
    file.write_text(code, encoding="utf-8")
    scope: dict[str, Any] = {"__name__": "elsewhere"}
    exec(code, scope)
    keras.backend.clear_session()
    network = keras.Sequential([keras.Input((STEPS, 3)), L.RNN(scope[name](4)), L.Dense(1)])
    network.save(tmp_path / "own.keras")
    np.save(tmp_path / "own.npy", np.ones((4, STEPS, 3), np.float32))
    keras.saving.get_custom_objects().pop(f"mine>{name}", None)
    command = ["inspect", str(tmp_path / "own.keras"), str(tmp_path / "own.npy"), "--out", str(tmp_path / "page")]
    assert main(command) == 1
    message = capsys.readouterr().err
    assert f"needs the code of {name}" in message
    assert "--code" in message
    assert main([*command, "--code", str(file)]) == 0
    record = json.loads((tmp_path / "page" / "inspection.json").read_text(encoding="utf-8"))
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    (row,) = record["facts"]["layers"]
    if name == "Copy":
        assert row["gates"] == "keep gate"
        assert "Gates of rnn" in page
    else:
        assert "the equations of its cell, Leaky, are not known" in row["gates"]
        assert "GatedCell" in page
        assert "state 2" in page
