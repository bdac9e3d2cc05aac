"""Recurrent layers of every kind, whose weights and biases differ from their initial values."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from pipelines.nn import cells

L = keras.layers
BATCH, TIME, FEATURES, UNITS = 4, 6, 3, 5
LAYERS: dict[str, Callable[..., keras.Layer]] = {
    "lstm": lambda **k: L.LSTM(UNITS, **k),
    "lstm without bias": lambda **k: L.LSTM(UNITS, use_bias=False, **k),
    "lstm of relu": lambda **k: L.LSTM(UNITS, activation="relu", recurrent_activation="hard_sigmoid", **k),
    "gru": lambda **k: L.GRU(UNITS, **k),
    "gru without bias": lambda **k: L.GRU(UNITS, use_bias=False, **k),
    "gru, reset before": lambda **k: L.GRU(UNITS, reset_after=False, **k),
    "gru, reset before, without bias": lambda **k: L.GRU(UNITS, reset_after=False, use_bias=False, **k),
    "simple rnn": lambda **k: L.SimpleRNN(UNITS, **k),
    "simple rnn with dropout": lambda **k: L.SimpleRNN(UNITS, dropout=0.5, recurrent_dropout=0.5, **k),
    "lstm cell": lambda **k: L.RNN(L.LSTMCell(UNITS), **k),
    "gru cell": lambda **k: L.RNN(L.GRUCell(UNITS), **k),
    "simple rnn cell": lambda **k: L.RNN(L.SimpleRNNCell(UNITS), **k),
    "unrolled": lambda **k: L.GRU(UNITS, unroll=True, **k),
    "vanilla": lambda **k: L.RNN(cells.LSTMVariantCell(UNITS), **k),
    "fgr": lambda **k: L.RNN(cells.LSTMVariantCell(UNITS, "fgr"), **k),
    "mgu": lambda **k: L.RNN(cells.MinimalGatedUnitCell(UNITS), **k),
}
BLOCKS = {
    "lstm": ["input gate", "forget gate", "candidate", "output gate"],
    "gru": ["update gate", "reset gate", "candidate"],
}
every_layer = pytest.mark.parametrize("kind", LAYERS)
gated_layers = pytest.mark.parametrize("kind", ["lstm", "gru", "mgu"])


def made(kind: str, wrapper: Callable[[keras.Layer], keras.Layer] = lambda layer: layer, **options: Any) -> keras.Layer:
    """A layer whose weights and biases differ from their initial values."""
    keras.utils.set_random_seed(3)
    layer = wrapper(LAYERS[kind](**{"return_sequences": True, **options}))
    layer.build((BATCH, TIME, FEATURES))
    random = np.random.default_rng(5)
    for weight in layer.weights:
        weight.assign_add(0.3 * random.normal(size=weight.shape))
    return layer


def same(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=1e-5, atol=1e-6)
