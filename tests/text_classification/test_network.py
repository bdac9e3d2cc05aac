"""What the network reads: never padding, and what each pooling takes of the states."""

from pathlib import Path

import keras
import numpy as np
import pytest

from pipelines.nn import checkpoints
from pipelines.nn.datasets import TOKENS
from pipelines.text_classification.data import Meta, datasets
from tests.text_classification.conftest import network

POOLINGS = ("last", "mean", "max", "attention")
SHORT = np.array([[5, 7, 9]], np.int32)


@pytest.mark.parametrize("cell", ["lstm", "gru", "vanilla"])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_outputs_do_not_depend_on_padding(meta: Meta, pooling: str, cell: str) -> None:
    model = network(meta, pooling, cell, layers=2)
    alone = np.asarray(model({TOKENS: SHORT}))
    padded = np.asarray(model({TOKENS: np.pad(SHORT, ((0, 0), (0, 9)))}))
    np.testing.assert_allclose(padded, alone, atol=1e-5)


def test_last_is_the_final_state_of_both_directions(meta: Meta) -> None:
    model = network(meta, "last", "gru")
    layer = model.get_layer("gru_1_bidirectional")
    padded = np.pad(SHORT, ((0, 0), (0, 4)))
    states = np.asarray(keras.Model(model.input, layer.output)({TOKENS: padded}))
    embedded = np.asarray(model.get_layer("embedding")(SHORT))
    forward = np.asarray(layer.forward_layer(embedded))
    backward = np.asarray(layer.backward_layer(embedded))
    np.testing.assert_allclose(states, np.concatenate([forward, backward], -1), atol=1e-6)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_network_is_loaded_as_it_was_saved(meta: Meta, pooling: str, tmp_path: Path) -> None:
    model = network(meta, pooling)
    checkpoints.save(tmp_path, model, [1], [model.get_weights()])
    loaded = checkpoints.load(tmp_path)
    checkpoints.load_seed(loaded, tmp_path, 1)
    np.testing.assert_array_equal(np.asarray(loaded({TOKENS: SHORT})), np.asarray(model({TOKENS: SHORT})))


def test_batches_have_few_different_lengths(folder: Path, meta: Meta) -> None:
    train = datasets(folder, meta, "label")["train"]
    found = {train.batch(np.array([row])).inputs[TOKENS].shape[1] for row in range(len(train))}
    assert found == set(meta.label.batch_lengths)
    assert len(found) == 2
