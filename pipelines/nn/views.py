"""A network as the explanations see it: one sequence of vectors in, the few numbers that are to be explained out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from pipelines.contract import Array, Importances
from pipelines.nn.datasets import DECODER_INPUT, NEXT, SOURCE, TOKENS, WINDOW, padded
from pipelines.nn.decoding import BeamSearch
from pipelines.nn.encoder_decoder import DECODER, ENCODER
from pipelines.nn.heads import Head
from pipelines.nn.vocabulary import BEGIN, END, PADDING, SPECIAL

SEQUENCE = "sequence"
"""Name of the input that is explained, (batch, time, features)."""
Inputs = dict[str, Array]


@dataclass(frozen=True)
class View:
    """The function of which gradients and importance are computed."""

    network: keras.Model
    """Inputs (`sequence`, and others that stay as they are) -> (batch, outputs)."""
    embed: Callable[[Inputs], Inputs]
    """The inputs of a batch as inputs of `network`: tokens become their vectors."""
    method: Importances
    neutral: NDArray[np.float32] | None = None
    """(features,): a step without information. None: the mean of training examples."""
    absent: str = "an average training window"
    """What an absent input is replaced by, in words."""
    mask: Callable[[Inputs], Array] | None = None
    """Which steps are not padding, (batch, time) bool; None: all."""

    categorical: bool | None = None
    """Whether the outputs are log-probabilities, of which the largest is explained; None: where the method is integrated gradients."""
    points: tuple[int, ...] | None = None
    """Of integrated gradients, ever more until they add up; None: those of `importance.integrated_gradients`."""

    @property
    def is_categorical(self) -> bool:
        """`categorical`, decided."""
        return self.method == "integrated gradients" if self.categorical is None else self.categorical

    def weighed(self) -> keras.Model:
        """What importance explains: the outputs, of which the largest is chosen, or the mean of those that are not alternatives."""
        if self.is_categorical:
            return self.network
        return keras.Model(self.network.input, ops.mean(self.network.output, axis=-1, keepdims=True))

    def likeliest(self) -> keras.Model:
        """The largest output alone, (batch, 1); or all outputs, where they are not alternatives."""
        if not self.is_categorical:
            return self.network
        return keras.Model(self.network.input, ops.max(self.network.output, axis=-1, keepdims=True))


def of_window(network: keras.Model, head: Head, neutral: Array | None = None, absent: str | None = None) -> View:
    """The network itself: its inputs are numbers already."""
    sequence = keras.Input(network.input[WINDOW].shape[1:], name=SEQUENCE)
    return View(
        keras.Model({SEQUENCE: sequence}, head.explained(network({WINDOW: sequence}))),
        lambda inputs: {SEQUENCE: inputs[WINDOW]},
        head.importance,
        neutral,
        absent or View.absent,
    )


def of_tokens(network: keras.Model, head: Head, neutral: int, absent: str) -> View:
    """From embedded tokens on; `neutral` is the most frequent token.

    (A vector of zeros would not do: no token has it, and networks respond so erratically near it that the integral of the gradients from
    there does not converge.)
    """
    embedding = network.get_layer("embedding")
    weights = np.asarray(embedding.embeddings)

    def embed(inputs: dict[str, Any]) -> Inputs:
        return {SEQUENCE: weights[inputs[TOKENS]]}

    sequence = keras.Input(embedding.output.shape[1:], name=SEQUENCE)
    after_embedding = keras.Model(embedding.output, network.output)
    return View(
        keras.Model({SEQUENCE: sequence}, head.explained(after_embedding(sequence))),
        embed,
        head.importance,
        weights[neutral],
        absent,
    )


def of_source(network: keras.Model, max_length: int) -> View:
    """From an embedded source to the log-probability of the target that an encoder–decoder network decodes for it (greedily, at most
    `max_length` tokens).

    An absent word is replaced by the mean of all words' vectors.
    """
    encoder, decoder = network.get_layer(ENCODER), network.get_layer(DECODER)
    embedding = encoder.get_layer("embedding")
    weights = np.asarray(embedding.embeddings)
    beam_search = BeamSearch(network)

    def embed(inputs: dict[str, Any]) -> Inputs:
        source = inputs[SOURCE]
        decoded = [hypothesis.tokens for hypothesis in beam_search.search(source, max_length)]
        before, after = ([[BEGIN, *row] for row in decoded], [[*row, END] for row in decoded])
        return {
            SEQUENCE: weights[source], SOURCE: source, DECODER_INPUT: padded(before), NEXT: padded(after)
        }  # fmt: skip

    sequence = keras.Input(embedding.output.shape[1:], name=SEQUENCE)
    tokens = {name: keras.Input((None,), dtype="int32", name=name) for name in (SOURCE, DECODER_INPUT, NEXT)}
    after_embedding = keras.Model([embedding.output, encoder.input], encoder.output)
    logits, *_ = decoder([tokens[DECODER_INPUT], *after_embedding([sequence, tokens[SOURCE]])])
    log_probs = ops.take_along_axis(ops.log_softmax(logits, axis=-1), ops.expand_dims(tokens[NEXT], -1), axis=-1)[
        ..., 0
    ]
    real = ops.cast(ops.not_equal(tokens[NEXT], PADDING), log_probs.dtype)
    return View(
        keras.Model({SEQUENCE: sequence, **tokens}, ops.sum(log_probs * real, axis=-1, keepdims=True)),
        embed,
        "integrated gradients",
        weights[len(SPECIAL) :].mean(0),
        "an average word",
        lambda inputs: inputs[SOURCE] != PADDING,
    )
