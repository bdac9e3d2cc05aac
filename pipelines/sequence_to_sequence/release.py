"""The networks as functions from a source to its target, decoded greedily."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pipelines.nn import raw_decoding, raw_text
from pipelines.nn.vocabulary import END, UNKNOWN
from pipelines.sequence_to_sequence.data import PairTarget

Tensor = Any
GREEDY = "It decodes greedily, as `gatehouse predict --beam 1`; the metrics are those of beam search, unless they say greedy."


class Translator:
    """Reads the tokens of sources, and writes those of their targets."""

    def __init__(self, network: keras.Model, target: PairTarget, copied: Sequence[str], copy_unknown: bool) -> None:
        self.network, self.target, self.copy_unknown = network, target, copy_unknown
        self.ids = raw_text.table(target.source_vocabulary)
        self.words = raw_text.words_of(target.target_vocabulary)
        theirs, ours = target.source_vocabulary.ids, target.target_vocabulary.ids
        known = [token for token in copied if token in theirs and token in ours]
        self.theirs = tf.constant([theirs[token] for token in known], tf.int32)
        self.ours = np.array([ours[token] for token in known], np.int32) if known else None

    def __call__(self, tokens: tf.RaggedTensor, separator: str) -> dict[str, Tensor]:
        """Source tokens (batch, steps) -> `text` (batch,) and its `log_probability` (batch,), in nats."""
        source = raw_text.encoded(tokens, self.ids)
        counts = tf.reduce_sum(tf.cast(source[..., None] == self.theirs, tf.int32), 1)
        decoded = raw_decoding.greedy(
            self.network,
            source,
            self.target.longest_target,
            self.ours,
            None if self.ours is None else counts,
        )
        words = tf.gather(self.words, decoded.tokens)
        if self.copy_unknown and self.has_attention:
            copied = tf.gather(tokens.to_tensor(""), decoded.attended, axis=1, batch_dims=1)
            words = tf.where(decoded.tokens == UNKNOWN, copied, words)
        before_end = tf.cumsum(tf.cast(decoded.tokens == END, tf.int32), axis=1) == 0
        text = raw_text.joined(words, before_end, separator)
        return {"text": text, "log_probability": decoded.log_probability}

    @property
    def has_attention(self) -> bool:
        """Whether the network attends to its source."""
        return raw_decoding.has_attention(self.network)


OUTPUTS = {"text": "the target, in UTF-8", "log_probability": "its log-probability, in nats"}
