from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines.nn import compiled_loop, loop_choice

ON_GPU = bool(tf.config.list_physical_devices("GPU"))
off_gpu = pytest.mark.skipif(ON_GPU, reason="on a GPU nothing is compiled")


def network(layer: keras.layers.Layer, batch_size: int | None = None) -> keras.Model:
    sequence = keras.Input((None, 3), batch_size=batch_size)
    return keras.Model(sequence, layer(sequence))


class OwnCell(keras.layers.Layer):
    """h' = tanh(x W + h R)."""

    def __init__(self, units: int = 4, **options: Any) -> None:
        super().__init__(**options)
        self.units = self.state_size = self.output_size = units

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")
        self.recurrent_kernel = self.add_weight(shape=(self.units, self.units), name="recurrent_kernel")

    def recurrent(self, hidden: Any) -> Any:
        return keras.ops.matmul(hidden, self.recurrent_kernel)

    def call(self, inputs: Any, states: Any) -> Any:
        hidden = keras.ops.tanh(keras.ops.matmul(inputs, self.kernel) + self.recurrent(states[0]))
        return hidden, [hidden]


class TiedCell(OwnCell):
    """R is the right factor of one product and, transposed, of another."""

    def recurrent(self, hidden: Any) -> Any:
        transposed = keras.ops.transpose(self.recurrent_kernel)
        return super().recurrent(hidden) + keras.ops.matmul(hidden, transposed)


class TextCell(OwnCell):
    """Uses operations that XLA does not have."""

    def recurrent(self, hidden: Any) -> Any:
        length = tf.strings.length(tf.strings.as_string(hidden))
        return super().recurrent(hidden) + 0.1 * tf.cast(length, hidden.dtype)


@pytest.mark.skipif(not ON_GPU, reason="needs a GPU")
def test_choose_takes_cudnn_on_a_gpu() -> None:
    assert loop_choice.choose(network(keras.layers.LSTM(4))).name == "cuDNN"


@off_gpu
def test_choose_takes_xla_without_a_gpu() -> None:
    of = network(keras.layers.Bidirectional(keras.layers.SimpleRNN(4, dropout=0.5)))
    before = [variable.numpy() for variable in of.variables]
    loop = loop_choice.choose(of)
    assert (loop.name, loop.because.split(";")[0]) == ("XLA", "no GPU")
    for variable, value in zip(of.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


@off_gpu
def test_choose_leaves_the_states_of_a_stateful_layer_unchanged() -> None:
    layer = keras.layers.SimpleRNN(4, stateful=True)
    assert loop_choice.choose(network(layer, batch_size=3)).name == "XLA"
    assert not layer.states[0].numpy().any()


@off_gpu
@pytest.mark.parametrize(
    ("cell", "reason"),
    [(TiedCell, "gradient by recurrent_kernel differs by"), (TextCell, "InvalidArgumentError: ")],
)
def test_choose_takes_the_keras_loop_when_the_self_check_fails(cell: type[OwnCell], reason: str) -> None:
    of = network(keras.layers.RNN(cell(), name="own"))
    loop = loop_choice.choose(of)
    assert loop.name == "TensorFlow"
    assert f"failed its self-check at own: {reason}" in loop.because
    inputs = tf.ones((2, 3, 3))

    def outputs() -> tf.Tensor:
        with compiled_loop.compiled(of, loop):
            return of(inputs)

    np.testing.assert_allclose(tf.function(outputs, autograph=False)(), of(inputs), rtol=1e-5)
    assert not loop.traced


@off_gpu
def test_choose_leaves_a_layer_of_images_to_keras() -> None:
    images = keras.Input((None, 8, 8, 1))
    loop = loop_choice.choose(keras.Model(images, keras.layers.ConvLSTM2D(2, 3)(images)))
    assert loop.name == "TensorFlow"
    assert "its sequences are not (batch, time, features)" in loop.because


@off_gpu
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_choose_takes_xla_in_half_precision(policy: str) -> None:
    assert loop_choice.choose(network(keras.layers.SimpleRNN(4, dtype=policy))).name == "XLA"


def test_choose_compiles_nothing_without_recurrent_layers() -> None:
    assert loop_choice.choose(network(keras.layers.Dense(2))).because == "no recurrent layer"


@off_gpu
def test_choose_checks_layers_of_one_kind_once(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []
    difference = loop_choice._difference

    def noted(layer: keras.layers.RNN, *arguments: Any, **options: Any) -> str | None:
        checked.append(layer.name)
        return difference(layer, *arguments, **options)

    monkeypatch.setattr(loop_choice, "_difference", noted)
    monkeypatch.setattr(loop_choice, "_differences", {})
    sequence = keras.Input((None, 3))
    first, second = (keras.layers.SimpleRNN(units, return_sequences=True, name=f"of_{units}") for units in (2, 5))
    loop_choice.choose(keras.Model(sequence, second(first(sequence))))
    assert set(checked) == {"of_2"}


@pytest.mark.parametrize(
    ("layer", "refusal"),
    [
        (keras.layers.LSTM(2), None),
        (keras.layers.GRU(2), None),
        (keras.layers.SimpleRNN(2), "which is not Keras's LSTM or GRU"),
        (keras.layers.LSTM(2, activation="relu"), "whose activations are relu and sigmoid, not tanh and sigmoid"),
        (keras.layers.LSTM(2, recurrent_dropout=0.1), "which has recurrent dropout"),
        (keras.layers.LSTM(2, use_bias=False), "which has no bias"),
        (keras.layers.GRU(2, reset_after=False), "whose reset gate comes before the product"),
        (keras.layers.GRU(2, use_cudnn=False), "which has use_cudnn=False"),
    ],
)
def test_cudnn_refusal_follows_the_conditions_of_keras(layer: keras.layers.RNN, refusal: str | None) -> None:
    assert loop_choice.cudnn_refusal(layer) == refusal
