"""What a network that reads tokens and gives the next one's logits offers the stages: the same for every such task."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from pipelines.nn import datasets, layers
from pipelines.nn.checkpoints import Classes, Readout


def outputs(network: keras.Model, examples: datasets.Tokens, side_by_side: int) -> Iterator[NDArray[np.float32]]:
    """Logits (side_by_side, window, vocabulary) of the batches of `datasets.streams`, the state going on from one to the next."""
    carrying = layers.with_states(network)
    states = [np.zeros((side_by_side, state.shape[1]), np.float32) for state in carrying.inputs[1:]]
    for indices in datasets.streams(len(examples), side_by_side):
        logits, *states = carrying.predict_on_batch([examples.batch(indices)[0], *states])
        yield logits


def readout(network: keras.Model, neutral: int) -> Readout:
    """From embedded tokens to the log-probability of the token that the network thinks likeliest after the last one.

    `neutral` is the most frequent token. (Zero would be a token that training has never seen, to which networks answer with wild
    swings: no sum of gradients on the way from there comes to an end.)
    """
    embedding = network.get_layer("embedding")
    sequence = keras.Input((None, embedding.output_dim))
    hidden = sequence
    for each in network.layers[network.layers.index(embedding) + 1 :]:
        hidden = each(hidden)
        hidden = hidden[0] if isinstance(hidden, list | tuple) else hidden
    chances = ops.log_softmax(hidden[:, -1], axis=-1)
    weights = np.asarray(embedding.embeddings)

    def numbers(tokens: NDArray[Any]) -> NDArray[np.float32]:
        return weights[tokens]

    return Readout(
        numbers,
        network=keras.Model(sequence, ops.max(chances, axis=-1, keepdims=True)),
        classes=Classes(keras.Model(sequence, chances), neutral=weights[neutral]),
    )
