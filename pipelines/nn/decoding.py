"""Decoding of an encoder–decoder network: greedy, or by beam search."""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pipelines.contract import Array, Floats, Indices
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
        size = self.decoder.output[0].shape[-1]
        kept = min(beam, size)
        memory, mask, *states = (tf.repeat(part, beam, axis=0) for part in self._encode(tf.constant(source, tf.int32)))
        beams = _Beams.begun(len(source), beam)
        never = np.zeros(size, bool)
        never[[PADDING, BEGIN]] = True
        finished: dict[int, Hypothesis] = {}
        while True:
            going_on = ~beams.done.all(1) & (beams.tokens.shape[2] <= max_length)
            if 2 * going_on.sum() <= len(
                going_on
            ):  # the tensors are made smaller when at least half of their rows are done
                finished |= beams.rows(~going_on).winners(source, length_penalty)
                if not going_on.any():
                    return [finished[row] for row in range(len(source))]
                flat = np.flatnonzero(np.repeat(going_on, beam))
                memory, mask, *states = (tf.gather(part, flat) for part in (memory, mask, *states))
                beams = beams.rows(going_on)
                required = required and Required(required.tokens, required.counts[going_on])
            rows = len(beams.done)
            forbidden = np.tile(never, (rows, beam, 1))
            if required:
                _forbid(forbidden, required, beams.tokens[..., 1:], max_length)
            last = tf.constant(beams.tokens[:, :, -1].reshape(-1, 1), tf.int32)
            log_probs, candidates, *states = self._step(
                tf.constant(kept), tf.constant(forbidden.reshape(-1, size)), last, memory, mask, *states
            )
            weights = states.pop().numpy()[:, 0].reshape(rows, beam, -1) if self.has_attention else None
            log_probs, candidates = (part.numpy().reshape(rows, beam, kept).copy() for part in (log_probs, candidates))
            beams, parents = beams.followed(log_probs, candidates, weights)
            flat = (np.arange(rows)[:, None] * beam + parents).ravel()
            states = [tf.gather(state, flat) for state in states]

    def _best(self, kept: tf.Tensor, never: tf.Tensor, *inputs: tf.Tensor) -> list[tf.Tensor]:
        """The log-probabilities and token ids of the `kept` most likely next tokens that are not among `never`, in nats, float64; then what
        the decoder gives."""
        logits, *rest = self.decoder(list(inputs), training=False)
        log_probs = tf.nn.log_softmax(tf.cast(logits[:, 0], tf.float64))
        values, token_ids = tf.math.top_k(tf.where(never, tf.constant(-np.inf, tf.float64), log_probs), kept)
        return [values, token_ids, *rest]


def _forbid(forbidden: Array, required: Required, tokens: Array, max_length: int) -> None:
    """Set what `required` excludes after `tokens` (batch, beam, steps) in `forbidden` (batch, beam, vocabulary)."""
    missing = required.counts[:, None] - (tokens[..., None] == required.tokens).sum(2)
    forbidden[missing.sum(-1) >= max_length - tokens.shape[2]] = True  # there is no room for others
    forbidden[..., required.tokens] = missing <= 0
    forbidden[..., END] = (missing > 0).any(-1)


@dataclass(frozen=True)
class _Beams:
    """The hypotheses of some sources."""

    sources: Indices
    """Which ones, (rows,)."""
    tokens: Array
    """(rows, beam, steps), from `BEGIN` on."""
    scores: Floats
    """Their log-probabilities, (rows, beam)."""
    lengths: Array
    done: Array
    """Whether they have ended, (rows, beam)."""
    attended: list[Array]
    """Of each step, the weights (rows, beam, source steps)."""

    @classmethod
    def begun(cls, rows: int, beam: int) -> "_Beams":
        """Without a token; only one of a beam counts, or all would be the same."""
        scores = np.full((rows, beam), -np.inf)
        scores[:, 0] = 0.0
        empty = np.zeros((rows, beam), np.int64)
        return cls(np.arange(rows), np.full((rows, beam, 1), BEGIN), scores, empty, empty.astype(bool), [])

    def rows(self, chosen: Array) -> "_Beams":
        """Those of some sources."""
        return _Beams(
            self.sources[chosen],
            self.tokens[chosen],
            self.scores[chosen],
            self.lengths[chosen],
            self.done[chosen],
            [part[chosen] for part in self.attended],
        )

    def followed(self, log_probs: Array, candidates: Array, weights: Array | None) -> tuple["_Beams", Array]:
        """The best ones that have a token more, and which ones they go on with; arguments are (rows, beam, candidates)."""
        log_probs[self.done] = [0.0] + [-np.inf] * (log_probs.shape[-1] - 1)  # one that has ended stays as it is
        candidates[self.done] = PADDING
        rows, beam = self.done.shape
        total = (self.scores[..., None] + log_probs).reshape(rows, -1)
        best = np.argsort(-total, axis=1, kind="stable")[:, :beam]
        parents = best // log_probs.shape[-1]
        chosen = np.take_along_axis(candidates.reshape(rows, -1), best, 1)
        attended = self.attended if weights is None else [*self.attended, weights]
        followed = _Beams(
            self.sources,
            np.concatenate([np.take_along_axis(self.tokens, parents[..., None], 1), chosen[..., None]], axis=2),
            np.take_along_axis(total, best, 1),
            np.take_along_axis(self.lengths + ~self.done, parents, 1),
            np.take_along_axis(self.done, parents, 1) | (chosen == END),
            [np.take_along_axis(part, parents[..., None], 1) for part in attended],
        )
        return followed, parents

    def winners(self, source: Array, length_penalty: float) -> dict[int, Hypothesis]:
        """The best hypothesis of each source; `source` as in `search`."""
        normalised = self.scores / np.maximum(self.lengths, 1) ** length_penalty
        hypotheses = {}
        for row, winner in enumerate(normalised.argmax(1)):
            number = int(self.sources[row])
            decoded = [int(token) for token in self.tokens[row, winner, 1:] if token not in (PADDING, END)]
            steps = self.attended[: int(self.lengths[row, winner])]
            real = source[number] != PADDING
            attention = np.stack([part[row, winner] for part in steps])[:, real] if steps else None
            hypotheses[number] = Hypothesis(decoded, float(self.scores[row, winner]), attention)
        return hypotheses
