import keras
import numpy as np
import pytest

from pipelines.nn.pooling import AttentionPooling, Pooling, WordDropout
from pipelines.nn.vocabulary import UNKNOWN

MASK = np.array([[True] * 5, [True, True, False, False, False]])


@pytest.fixture
def hidden(random: np.random.Generator) -> np.ndarray:
    return random.normal(size=(2, 5, 3)).astype(np.float32) - 5


@pytest.mark.parametrize("over", ["mean", "max"])
def test_pooling_takes_the_steps_that_are_not_padding(over: str, hidden: np.ndarray) -> None:
    pooled = np.asarray(Pooling(over)(hidden, MASK))
    expected = [getattr(row[kept], over)(0) for row, kept in zip(hidden, MASK, strict=True)]
    np.testing.assert_allclose(pooled, expected, rtol=1e-5)


def test_attention_pooling_matches_the_equations_over_unpadded_steps(hidden: np.ndarray) -> None:
    layer = AttentionPooling()
    pooled = np.asarray(layer(hidden, MASK))
    kernel, bias, context = (np.asarray(weight) for weight in layer.weights)
    for row, kept, found in zip(hidden, MASK, pooled, strict=True):
        scores = np.exp(np.tanh(row[kept] @ kernel + bias) @ context)
        np.testing.assert_allclose(found, (scores / scores.sum()) @ row[kept], rtol=1e-4)
    weights = np.asarray(layer.weights_of(hidden, MASK))
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-5)
    assert not weights[~MASK].any()


def test_pooling_layers_are_saved_with_their_options(hidden: np.ndarray) -> None:
    for layer in (Pooling("max"), AttentionPooling(), WordDropout(0.3)):
        copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
        assert copy.get_config() == layer.get_config()


def test_pooling_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="there is no pooling 'sum'"):
        Pooling("sum")


def test_word_dropout_replaces_words_in_training_alone_and_never_padding() -> None:
    tokens = np.full((50, 40), 7, np.int32)
    tokens[:, 30:] = 0
    layer = WordDropout(0.25)
    assert (np.asarray(layer(tokens)) == tokens).all()
    dropped = np.asarray(layer(tokens, training=True))
    assert set(np.unique(dropped[:, :30])) == {7, UNKNOWN}
    assert (dropped[:, :30] == UNKNOWN).mean() == pytest.approx(0.25, abs=0.05)
    assert not dropped[:, 30:].any()
