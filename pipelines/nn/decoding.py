"""Decoding of an encoder–decoder network: greedy, or by beam search."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pipelines.contract import Array
from pipelines.nn.encoder_decoder import ATTENTION, DECODER, ENCODER
from pipelines.nn.vocabulary import BEGIN, END, PADDING


@dataclass(frozen=True)
class Required:
    """Tokens that each target has to have a certain number of times (constrained decoding, Hokamp & Liu 2017)."""

    tokens: Array
    """(required,) token ids."""
    counts: Array
    """How often, (batch, required)."""


@dataclass(frozen=True)
class Hypothesis:
    """The decoded target of one source."""

    tokens: list[int]
    """Without `BEGIN` and `END`; cut at `max_length`."""
    log_probability: float
    """Of all tokens, `END` included, in nats."""
    attention: NDArray[np.float32] | None
    """Attention weights of each token (and of `END`), (tokens, steps); None without attention."""


class BeamSearch:
    """Runs the encoder once and the decoder step by step, for many sources side by side."""

    def __init__(self, network: keras.Model) -> None:
        self.encoder, self.decoder = network.get_layer(ENCODER), network.get_layer(DECODER)
        self.has_attention = any(layer.name == ATTENTION for layer in self.decoder.layers)
        self._encode = tf.function(lambda source: self.encoder(source, training=False), reduce_retracing=True)
        self._step = tf.function(self._best, reduce_retracing=True)

    def search(
        self,
        source: Array,
        max_length: int,
        beam: int = 1,
        length_penalty: float = 1.0,
        required: Required | None = None,
    ) -> list[Hypothesis]:
        """The best of `beam` hypotheses for each row of `source` (batch, steps), at most `max_length` tokens; 1: greedy.

        With `required` tokens no hypothesis ends before it has them all, nor has one more often.
        Hypotheses are compared by log-probability / length ** `length_penalty` (as in Bahdanau et al. 2015 and Wu et al. 2016, without
        coverage): at 0 short ones win.
        """
        rows, size = len(source), self.decoder.output[0].shape[-1]
        kept = min(beam, size)
        memory, mask, *states = (tf.repeat(part, beam, axis=0) for part in self._encode(tf.constant(source, tf.int32)))
        tokens = np.full((rows, beam, 1), BEGIN)
        scores = np.full((rows, beam), -np.inf)
        scores[:, 0] = 0.0
        lengths = np.zeros((rows, beam), np.int64)
        attended: list[Any] = []
        done = np.zeros((rows, beam), bool)
        never = np.zeros((rows, beam, size), bool)
        never[..., [PADDING, BEGIN]] = True
        while tokens.shape[2] <= max_length and not done.all():
            forbidden = never if required is None else _forbidden(never, required, tokens[..., 1:], max_length)
            last = tf.constant(tokens[:, :, -1].reshape(-1, 1), tf.int32)
            log_probs, candidates, *rest = self._step(
                tf.constant(kept), tf.constant(forbidden.reshape(-1, size)), last, memory, mask, *states
            )
            log_probs, candidates = (part.numpy().reshape(rows, beam, kept).copy() for part in (log_probs, candidates))
            log_probs[done] = [0.0] + [-np.inf] * (kept - 1)  # a finished hypothesis stays as it is
            candidates[done] = PADDING
            total = (scores[..., None] + log_probs).reshape(rows, -1)
            best = np.argsort(-total, axis=1, kind="stable")[:, :beam]
            parents = best // kept
            chosen = np.take_along_axis(candidates.reshape(rows, -1), best, 1)
            scores = np.take_along_axis(total, best, 1)
            lengths = np.take_along_axis(lengths + ~done, parents, 1)
            done = np.take_along_axis(done, parents, 1) | (chosen == END)
            tokens = np.concatenate([np.take_along_axis(tokens, parents[..., None], 1), chosen[..., None]], axis=2)
            flat = (np.arange(rows)[:, None] * beam + parents).ravel()
            if self.has_attention:
                *rest, weights = rest
                attended = [part[flat] for part in (*attended, weights.numpy()[:, 0])]
            states = [tf.gather(state, flat) for state in rest]
        normalised = scores / np.maximum(lengths, 1) ** length_penalty
        hypotheses = []
        for row, winner in enumerate(normalised.argmax(1)):
            decoded = [int(token) for token in tokens[row, winner, 1:] if token not in (PADDING, END)]
            steps = int(lengths[row, winner])
            real = source[row] != PADDING
            attention = (
                np.stack([part[row * beam + winner] for part in attended[:steps]])[:, real] if attended else None
            )
            hypotheses.append(Hypothesis(decoded, float(scores[row, winner]), attention))
        return hypotheses

    def _best(self, kept: tf.Tensor, never: tf.Tensor, *inputs: tf.Tensor) -> list[tf.Tensor]:
        """The log-probabilities and token ids of the `kept` most likely next tokens that are not among `never`, in nats, float64; then what
        the decoder gives."""
        logits, *rest = self.decoder(list(inputs), training=False)
        log_probs = tf.nn.log_softmax(tf.cast(logits[:, 0], tf.float64))
        values, token_ids = tf.math.top_k(tf.where(never, tf.constant(-np.inf, tf.float64), log_probs), kept)
        return [values, token_ids, *rest]


def _forbidden(never: Array, required: Required, tokens: Array, max_length: int) -> Array:
    """Which tokens may not follow `tokens` (batch, beam, steps), (batch, beam, vocabulary): `never`, and what `required` excludes."""
    missing = required.counts[:, None] - (tokens[..., None] == required.tokens).sum(2)
    forbidden = never.copy()
    forbidden[missing.sum(-1) >= max_length - tokens.shape[2]] = True  # there is no room for others
    forbidden[..., required.tokens] = missing <= 0
    forbidden[..., END] = (missing > 0).any(-1)
    return forbidden
