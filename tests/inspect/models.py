"""Models as courses and Keras's own examples build them, each with inputs that it reads; some are broken."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

L = keras.layers
Case = tuple[keras.Model, dict[str, np.ndarray]]
ROWS, STEPS = 6, 7


def _numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(ROWS, *shape)).astype(np.float32)


def _ids(vocabulary: int, steps: int = STEPS) -> np.ndarray:
    ids = np.random.default_rng(3).integers(1, vocabulary, size=(ROWS, steps)).astype(np.int32)
    ids[0, 4:] = ids[1, 2:] = 0
    return ids


def reviews() -> Case:
    """Keras's example "Bidirectional LSTM on IMDB", with a mask."""
    inputs = keras.Input((None,), dtype="int32", name="words")
    hidden = L.Embedding(20, 8, mask_zero=True)(inputs)
    hidden = L.Bidirectional(L.LSTM(6, return_sequences=True))(hidden)
    hidden = L.Bidirectional(L.LSTM(6))(hidden)
    return keras.Model(inputs, L.Dense(1, activation="sigmoid")(hidden)), {"words": _ids(20)}


def topics() -> Case:
    """A Sequential classifier of texts whose input is not said to be of whole numbers."""
    layers = [keras.Input((STEPS,)), L.Embedding(20, 8), L.Dropout(0.5), L.GRU(6), L.Dense(3, activation="softmax")]
    return keras.Sequential(layers), {"input": _ids(20).astype(np.int64)}


def series() -> Case:
    """A stack of LSTMs over a window of a time series."""
    layers = [keras.Input((STEPS, 3)), L.LSTM(8, return_sequences=True), L.Dropout(0.2), L.LSTM(5), L.Dense(1)]
    return keras.Sequential(layers), {"input": _numbers(STEPS, 3)}


def seq2seq() -> Case:
    """Keras's example "Character-level recurrent sequence-to-sequence model"."""
    source, target = keras.Input((None, 5), name="source"), keras.Input((None, 4), name="target")
    _, *states = L.LSTM(6, return_state=True, name="encoder")(source)
    hidden, *_ = L.LSTM(6, return_sequences=True, return_state=True, name="decoder")(target, initial_state=states)
    outputs = L.Dense(4, activation="softmax")(hidden)
    return keras.Model([source, target], outputs), {"source": _numbers(STEPS, 5), "target": _numbers(5, 4)}


def frames() -> Case:
    """A convolutional network for each frame of a video, then a GRU."""
    frame = keras.Sequential([keras.Input((8, 8, 1)), L.Conv2D(3, 3, activation="relu"), L.GlobalAveragePooling2D()])
    layers = [keras.Input((STEPS, 8, 8, 1)), L.TimeDistributed(frame), L.GRU(5), L.Dense(4, activation="softmax")]
    return keras.Sequential(layers), {"input": _numbers(STEPS, 8, 8, 1)}


def nested() -> Case:
    """A model within a model, with two inputs by name and two outputs."""
    encoder = keras.Sequential([keras.Input((STEPS, 3)), L.Masking(), L.LSTM(5)], name="encoder")
    window, extra = keras.Input((STEPS, 3), name="window"), keras.Input((2,), name="extra")
    hidden = L.Concatenate()([encoder(window), extra])
    outputs = {"price": L.Dense(1, name="price")(hidden), "volume": L.Dense(2, name="volume")(hidden)}
    window_values = _numbers(STEPS, 3)
    window_values[0, 5:] = 0
    return keras.Model({"window": window, "extra": extra}, outputs), {"window": window_values, "extra": _numbers(2)}


def stateful() -> Case:
    """A stateful model, which was built for batches of two."""
    layers = [keras.Input(batch_shape=(2, STEPS, 3)), L.GRU(5, stateful=True, return_sequences=True), L.Dense(2)]
    return keras.Sequential(layers), {"input": _numbers(STEPS, 3)}


def older() -> Case:
    """A GRU without `reset_after`, backwards, and a SimpleRNN."""
    inputs = keras.Input((STEPS, 3))
    hidden = L.GRU(5, reset_after=False, go_backwards=True, return_sequences=True)(inputs)
    return keras.Model(inputs, L.Dense(2)(L.SimpleRNN(4)(hidden))), {"input": _numbers(STEPS, 3)}


def stacked_cells() -> Case:
    """Two cells in one layer, after a convolution."""
    layers = [
        keras.Input((STEPS, 3)),
        L.Conv1D(4, 3, padding="causal"),
        L.RNN([L.LSTMCell(5), L.GRUCell(4)]),
        L.Dense(1),
    ]
    return keras.Sequential(layers), {"input": _numbers(STEPS, 3)}


def convolutional() -> Case:
    """A ConvLSTM, whose states are images, before an LSTM."""
    inputs = keras.Input((STEPS, 6, 6, 1))
    hidden = L.ConvLSTM2D(2, 3, return_sequences=True)(inputs)
    return keras.Model(inputs, L.Dense(1)(L.LSTM(4)(L.TimeDistributed(L.Flatten())(hidden)))), {
        "input": _numbers(STEPS, 6, 6, 1)
    }


def half() -> Case:
    """A model of mixed precision, whose loss takes logits."""
    policy = keras.DTypePolicy("mixed_float16")
    layers = [keras.Input((STEPS, 3)), L.LSTM(5, dtype=policy), L.Dense(4, dtype=policy)]
    return keras.Sequential(layers), {"input": _numbers(STEPS, 3)}


def siamese() -> Case:
    """One layer that reads two sequences."""
    left, right = keras.Input((STEPS, 3), name="left"), keras.Input((STEPS, 3), name="right")
    shared = L.LSTM(4, name="shared")
    outputs = L.Dense(1)(L.Subtract()([shared(left), shared(right)]))
    return keras.Model([right, left], outputs), {"left": _numbers(STEPS, 3), "right": -_numbers(STEPS, 3)}


def tagging() -> Case:
    """A class for each step of a masked text."""
    inputs = keras.Input((None,), dtype="int32", name="words")
    hidden = L.GRU(5, return_sequences=True)(L.Embedding(20, 6, mask_zero=True)(inputs))
    return keras.Model(inputs, L.Dense(3, activation="softmax")(hidden)), {"words": _ids(20)}


MODELS: dict[str, Callable[[], Case]] = {
    made.__name__: made
    for made in (
        *(
            reviews,
            topics,
            series,
            seq2seq,
            frames,
            nested,
            stateful,
            older,
            stacked_cells,
            convolutional,
            half,
            siamese,
            tagging,
        ),
    )
}


def made(name: str) -> Case:
    """A model with weights of its own, and its inputs."""
    keras.utils.set_random_seed(5)
    model, inputs = MODELS[name]()
    for weight in model.weights:
        if "rnn_state" not in weight.path and "seed" not in weight.path:
            weight.assign(weight + 0.2 * keras.random.normal(weight.shape, dtype=weight.dtype))
    return model, inputs


def save(name: str, folder: Any) -> tuple[str, str]:
    """The model and its inputs as files; their paths."""
    model, inputs = made(name)
    model.save(folder / f"{name}.keras")
    if len(inputs) == 1:
        path = folder / f"{name}.npy"
        np.save(path, next(iter(inputs.values())))
    else:
        path = folder / f"{name}.npz"
        np.savez(path, **inputs)  # type: ignore[arg-type]
    return str(folder / f"{name}.keras"), str(path)
