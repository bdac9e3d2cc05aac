"""Decoding within a graph, held to beam search with a beam of one and to generation at a temperature of zero."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines.nn import generation, layers, raw_decoding
from pipelines.nn.decoding import BeamSearch, Required
from pipelines.nn.encoder_decoder import encoder_decoder
from pipelines.nn.heads import Decoder, NextToken
from pipelines.nn.vocabulary import END
from pipelines.params.blocks import EncoderDecoder, RecurrentLayer, TokenModel

LONGEST = 9
SOURCE = np.array([[4, 5, 6, 7, 0], [8, 4, 0, 0, 0], [5, 5, 5, 5, 5], [9, 8, 7, 6, 5]], np.int32)


def network(attention: Any) -> keras.Model:
    keras.utils.set_random_seed(3)
    model = EncoderDecoder(
        embedding=4,
        embedding_std=1.0,
        dropout=0.0,
        encoder=(RecurrentLayer(cell="gru", units=5, bidirectional=True),),
        decoder=(RecurrentLayer(cell="lstm", units=6),),
        attention=attention,
    )
    built = encoder_decoder(12, 12, model, Decoder(12), "network")
    for weight in built.trainable_weights:  # larger than at the start of training, so that the tokens differ
        weight.assign(2 * weight)
    return built


@pytest.mark.parametrize("attention", [None, "general"])
@pytest.mark.parametrize("is_required", [False, True])
def test_greedy_decoding_in_a_graph_is_beam_search_with_a_beam_of_one(attention: str | None, is_required: bool) -> None:
    built = network(attention)
    ids, counts = np.array([6, 7]), np.array([[1, 1], [0, 0], [0, 3], [2, 0]])
    required = Required(ids, counts) if is_required else None
    expected = BeamSearch(built).search(SOURCE, LONGEST, 1, required=required)
    decode = tf.function(
        lambda source: vars(
            raw_decoding.greedy(built, source, LONGEST, *((ids, tf.constant(counts)) if is_required else ()))
        ),
        autograph=False,
    )
    decoded = raw_decoding.Decoded(**decode(tf.constant(SOURCE)))
    assert len({tuple(hypothesis.tokens) for hypothesis in expected}) > 1
    for row, hypothesis in enumerate(expected):
        tokens = decoded.tokens[row].numpy().tolist()
        tokens = tokens[: tokens.index(END)] if END in tokens else tokens
        assert tokens == hypothesis.tokens
        if hypothesis.attention is not None:
            where = decoded.attended[row].numpy()[: len(tokens)]
            np.testing.assert_array_equal(where, hypothesis.attention[: len(tokens)].argmax(-1))
    np.testing.assert_allclose(decoded.log_probability, [row.log_probability for row in expected], atol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru", "cifg"])
def test_generation_in_a_graph_writes_the_likeliest_tokens_at_temperature_zero(cell: str) -> None:
    keras.utils.set_random_seed(1)
    model = TokenModel(
        embedding=4, embedding_std=1.0, recurrent=(RecurrentLayer(cell=cell, units=8),), dropout=0.0, dense=()
    )
    built = layers.next_step_model(12, model, NextToken(12), "network")
    prompt = np.array([END, 5, 6, 7], np.int32)
    (expected,) = generation.generate(built, [prompt], 20, 0, 0, 1, 1)
    write = tf.function(raw_decoding.generate, autograph=False)
    given = (tf.constant(prompt), tf.constant(20), tf.constant(0.0), tf.constant(1))
    np.testing.assert_array_equal(write(built, *given), expected)
    drawn = [write(built, *given[:2], tf.constant(1.5), tf.constant(seed)).numpy().tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
