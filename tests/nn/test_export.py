"""Networks written as Keras archives and as SavedModels."""

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines.nn import export, layers
from pipelines.nn.heads import Regression
from pipelines.params.blocks import Model, RecurrentLayer


def network(cell: str) -> keras.Model:
    keras.utils.set_random_seed(1)
    model = Model(recurrent=(RecurrentLayer(cell=cell, units=3),), dropout=0.1, dense=())
    return layers.window_model(5, 2, model, Regression(1, "mse"), name="network")


@pytest.mark.parametrize("cell", ["lstm", "gru", "simple_rnn", "vanilla", "mgu"])
def test_saved_function_gives_the_outputs_of_the_network(cell: str, tmp_path: Path) -> None:
    built = network(cell)
    export.save_function(export.of_network(built), built, tmp_path / "saved")
    windows = np.random.default_rng(0).normal(size=(4, 5, 2)).astype(np.float32)
    loaded = tf.saved_model.load(str(tmp_path / "saved")).signatures[export.SIGNATURE]
    np.testing.assert_allclose(
        loaded(window=tf.constant(windows))[export.OUTPUTS], built.predict_on_batch({"window": windows}), atol=1e-6
    )


def test_function_of_a_network_has_its_inputs_with_an_example() -> None:
    (window,) = export.of_network(network("lstm"), {"window": "a window"}).inputs.values()
    assert (window.shape, window.dtype, window.meaning) == ((None, 5, 2), "float32", "a window")
    assert np.shape(eval(window.example)) == (1, 5, 2)


def test_saved_function_refuses_a_window_of_another_length(tmp_path: Path) -> None:
    built = network("lstm")
    export.save_function(export.of_network(built), built, tmp_path / "saved")
    loaded = tf.saved_model.load(str(tmp_path / "saved")).signatures[export.SIGNATURE]
    with pytest.raises(tf.errors.InvalidArgumentError, match="not compatible with expected shape"):
        loaded(window=tf.zeros((1, 6, 2)))


def test_saved_function_has_no_compiled_loop_and_no_empty_folder(tmp_path: Path) -> None:
    built = network("lstm")
    export.save_function(export.of_network(built), built, tmp_path / "saved")
    assert b"XlaMustCompile" not in (tmp_path / "saved" / "saved_model.pb").read_bytes()
    assert all(any(path.iterdir()) for path in tmp_path.rglob("*") if path.is_dir())


def test_archive_has_the_same_bytes_every_time_and_no_date(tmp_path: Path) -> None:
    for name in ("one", "other"):
        export.save_archive(network("lstm"), tmp_path / f"{name}.keras")
    assert (tmp_path / "one.keras").read_bytes() == (tmp_path / "other.keras").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.keras") as archive:
        assert b"date" not in archive.read("metadata.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.keras", "other.keras"]


@pytest.mark.parametrize(("cell", "needed"), [("lstm", False), ("mgu", True)])
def test_archive_needs_the_project_where_it_has_a_cell_of_its_own(cell: str, needed: bool) -> None:
    assert export.needs_project(network(cell)) == needed
