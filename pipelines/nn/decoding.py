"""What an encoder–decoder network writes: greedily, or by beam search."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pipelines.contract import Array
from pipelines.nn.encoder_decoder import ATTENTION, DECODER, ENCODER
from pipelines.nn.inference import log_probabilities
from pipelines.nn.vocabulary import BEGIN, END, PADDING


@dataclass(frozen=True)
class Written:
    """What was written for one source."""

    tokens: list[int]
    """Without `BEGIN` and `END`; cut where it became too long."""
    log_probability: float
    """Of all tokens, `END` included, in nats."""
    attention: NDArray[np.float32] | None
    """What was looked at when each token (and `END`) was written, (tokens, steps); None without attention."""


class Writer:
    """Runs the encoder once and the decoder step by step, for many sources side by side."""

    def __init__(self, network: keras.Model) -> None:
        self.encoder, self.decoder = network.get_layer(ENCODER), network.get_layer(DECODER)
        self.attends = any(layer.name == ATTENTION for layer in self.decoder.layers)
        self._encode = tf.function(lambda source: self.encoder(source, training=False), reduce_retracing=True)
        self._step = tf.function(lambda *inputs: self.decoder(list(inputs), training=False), reduce_retracing=True)

    def write(self, source: Array, longest: int, beam: int = 1, length_penalty: float = 1.0) -> list[Written]:
        """The best of `beam` hypotheses for each row of `source` (batch, steps), at most `longest` tokens; 1: greedy.

        Hypotheses are compared by log-probability / length ** `length_penalty` (as in Bahdanau et al. 2015 and Wu et al. 2016, without
        coverage): at 0 short ones win.
        """
        rows = len(source)
        memory, mask, *states = (tf.repeat(part, beam, axis=0) for part in self._encode(tf.constant(source, tf.int32)))
        tokens = np.full((rows, beam, 1), BEGIN)
        scores = np.full((rows, beam), -np.inf)
        scores[:, 0] = 0.0
        lengths = np.zeros((rows, beam), np.int64)
        looked: list[Any] = []
        done = np.zeros((rows, beam), bool)
        while tokens.shape[2] <= longest and not done.all():
            last = tf.constant(tokens[:, :, -1].reshape(-1, 1), tf.int32)
            logits, *rest = self._step(last, memory, mask, *states)
            chances = log_probabilities(logits.numpy()[:, 0]).reshape(rows, beam, -1)
            chances[..., [PADDING, BEGIN]] = -np.inf
            chances[done] = -np.inf
            chances[done, PADDING] = 0.0  # a finished hypothesis stays as it is
            total = (scores[..., None] + chances).reshape(rows, -1)
            best = np.argsort(-total, axis=1, kind="stable")[:, :beam]
            parents, chosen = np.divmod(best, chances.shape[-1])
            scores = np.take_along_axis(total, best, 1)
            lengths = np.take_along_axis(lengths + ~done, parents, 1)
            done = np.take_along_axis(done, parents, 1) | (chosen == END)
            tokens = np.concatenate([np.take_along_axis(tokens, parents[..., None], 1), chosen[..., None]], axis=2)
            flat = (np.arange(rows)[:, None] * beam + parents).ravel()
            if self.attends:
                *rest, weights = rest
                looked = [part[flat] for part in (*looked, weights.numpy()[:, 0])]
            states = [tf.gather(state, flat) for state in rest]
        normalised = scores / np.maximum(lengths, 1) ** length_penalty
        found = []
        for row, winner in enumerate(normalised.argmax(1)):
            written = [int(token) for token in tokens[row, winner, 1:] if token not in (PADDING, END)]
            steps = int(lengths[row, winner])
            real = source[row] != PADDING
            attention = np.stack([part[row * beam + winner] for part in looked[:steps]])[:, real] if looked else None
            found.append(Written(written, float(scores[row, winner]), attention))
        return found
