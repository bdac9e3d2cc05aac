"""Decoding within a TensorFlow graph, token by token: of an encoder–decoder greedily, of a next-token network greedily or at random."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pipelines.contract import Array
from pipelines.nn import layers
from pipelines.nn.datasets import TOKENS
from pipelines.nn.encoder_decoder import ATTENTION, DECODER, ENCODER
from pipelines.nn.vocabulary import BEGIN, END, PADDING

Tensor = Any


@dataclass(frozen=True)
class Decoded:
    """The targets of some sources."""

    tokens: Tensor
    """(batch, length) int32; `END` and what follows it do not belong to the target."""
    attended: Tensor
    """The source step with the highest attention at each token, (batch, length) int32; zeros without attention."""
    log_probability: Tensor
    """Of all tokens and `END`, in nats, (batch,) float64."""


def greedy(
    network: keras.Model, source: Tensor, longest: int, required: Array | None = None, counts: Tensor | None = None
) -> Decoded:
    """The most likely token after each other, at most `longest`, for every row of `source` (batch, steps).

    What `pipelines.nn.decoding.BeamSearch` finds with a beam of one. With token ids `required` (required,) and how often each target has
    to have them, `counts` (batch, required), no target ends before it has them all, nor has one more often.
    """
    encoder, decoder = network.get_layer(ENCODER), network.get_layer(DECODER)
    attends = has_attention(network)
    memory, mask, *states = encoder(source, training=False)
    rows, size = tf.shape(source)[0], decoder.output[0].shape[-1]
    never = np.isin(np.arange(size), [PADDING, BEGIN])
    ids = tf.constant(np.zeros(0) if required is None else required, tf.int32)
    missing = tf.zeros((rows, 0), tf.int32) if counts is None else tf.cast(counts, tf.int32)

    def going_on(time: Tensor, last: Tensor, done: Tensor, *_: Any) -> Tensor:
        return (time < longest) & ~tf.reduce_all(done)

    def step(
        time: Tensor, last: Tensor, done: Tensor, missing: Tensor, total: Tensor, states: Any, tokens: Any, where: Any
    ) -> Any:
        logits, *after = decoder([last[:, None], memory, mask, *states], training=False)
        weights = after.pop()[:, 0] if attends else tf.zeros((rows, 1))
        log_probs = tf.nn.log_softmax(tf.cast(logits[:, 0], tf.float64))
        forbidden = tf.broadcast_to(never, (rows, size))
        if required is not None:
            forbidden = _forbidden(forbidden, ids, missing, longest - time)
        allowed = tf.where(forbidden, tf.constant(-np.inf, tf.float64), log_probs)
        chosen = tf.argmax(allowed, -1, tf.int32)
        gain = tf.gather(allowed, chosen, axis=1, batch_dims=1)
        chosen = tf.where(done, PADDING, chosen)
        return (
            time + 1,
            chosen,
            done | (chosen == END),
            missing - tf.cast(chosen[:, None] == ids, tf.int32),
            total + tf.where(done, tf.constant(0.0, tf.float64), gain),
            after,
            tokens.write(time, chosen),
            where.write(time, tf.argmax(weights, -1, tf.int32)),
        )

    start = (
        tf.constant(0),
        tf.fill((rows,), BEGIN),
        tf.zeros((rows,), tf.bool),
        missing,
        tf.zeros((rows,), tf.float64),
        states,
        tf.TensorArray(tf.int32, 0, dynamic_size=True),
        tf.TensorArray(tf.int32, 0, dynamic_size=True),
    )
    *_, total, _, tokens, where = tf.while_loop(going_on, step, start)
    return Decoded(tf.transpose(tokens.stack()), tf.transpose(where.stack()), total)


def has_attention(network: keras.Model) -> bool:
    """Whether an encoder–decoder network attends to its source."""
    return any(layer.name == ATTENTION for layer in network.get_layer(DECODER).layers)


def _forbidden(never: Tensor, ids: Tensor, missing: Tensor, room: Tensor) -> Tensor:
    """`never` (batch, vocabulary), and what the missing tokens exclude where there is room for `room` tokens."""
    size = tf.shape(never)[1]
    some = tf.reduce_any(missing > 0, -1)[:, None]
    tight = (tf.reduce_sum(missing, -1) >= room)[:, None]
    is_required = tf.reduce_any(tf.range(size)[:, None] == ids, -1)
    exhausted = tf.cast(tf.one_hot(ids, size), tf.bool)[None] & (missing <= 0)[..., None]
    others = (never | tight) & ~is_required
    return (others & (tf.range(size) != END)) | tf.reduce_any(exhausted, 1) | (some & (tf.range(size) == END))


def generate(network: keras.Model, prompt: Tensor, length: Tensor, temperature: Tensor, seed: Tensor) -> Tensor:
    """`length` tokens after a prompt (time,) int32: (length,) int32.

    What `pipelines.nn.generation` writes at a temperature of zero, the most likely token; above, the draws differ from its.
    """
    logits, states = _read(network, prompt[None], None)

    def step(time: Tensor, logits: Tensor, states: Any, tokens: Any) -> Any:
        never = np.isin(np.arange(logits.shape[-1]), [PADDING, BEGIN])
        allowed = tf.where(never, tf.constant(-np.inf, logits.dtype), logits)
        drawn = tf.random.stateless_categorical(
            allowed / tf.maximum(temperature, 1e-6), 1, tf.stack([seed, time]), tf.int32
        )
        chosen = tf.where(temperature > 0, drawn[:, 0], tf.argmax(allowed, -1, tf.int32))
        after, states = _read(network, chosen[:, None], states)
        return time + 1, after, states, tokens.write(time, chosen[0])

    array = tf.TensorArray(tf.int32, length)
    start = (tf.constant(0), logits, states, array)
    *_, tokens = tf.while_loop(lambda time, *_: time < length, step, start)
    return tokens.stack()


def _read(network: keras.Model, tokens: Tensor, states: Any) -> tuple[Tensor, list[Tensor]]:
    """The logits after the last of `tokens` (1, time), and the states."""
    if states is None:
        states = [tf.zeros((1, size)) for size in layers.state_sizes(network)]
    with layers.initial_states(network, states) as after:
        logits = network({TOKENS: tokens}, training=False)
        return logits[:, -1], after()
