"""Sequences that go on by themselves: what a network foresees is drawn and given back to it."""

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines.nn import datasets, layers
from pipelines.sources import rolls
from pipelines.sources.midi import KEYS


def go_on(
    network: keras.Model,
    prompts: Sequence[NDArray[np.int32]],
    length: int,
    temperature: float,
    top_k: int,
    top_p: float,
    seed: int,
) -> list[NDArray[np.int64]]:
    """`length` tokens after each prompt (1-D, at least one token), all prompts side by side.

    `temperature` divides the logits; 0 takes the likeliest. `top_k` (Fan et al. 2018) and `top_p` (Holtzman et al. 2020) leave only
    the likeliest to draw from.
    """
    import tensorflow as tf

    carrying = layers.with_states(network)

    @tf.function(reduce_retracing=True)
    def step(tokens: tf.Tensor, states: list[tf.Tensor]) -> list[tf.Tensor]:
        logits, *after = carrying([tokens, *states], training=False)
        return [logits[:, -1], *after]

    def empty() -> list[tf.Tensor]:
        return [tf.zeros((1, state.shape[1])) for state in carrying.inputs[1:]]

    read = [step(tf.constant(prompt[None], tf.int32), empty()) for prompt in prompts]
    logits, *states = (tf.concat(parts, axis=0) for parts in zip(*read, strict=True))
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(length):
        drawn.append(draw(logits.numpy(), temperature, top_k, top_p, random))
        logits, *states = step(tf.constant(drawn[-1][:, None], tf.int32), states)
    return list(np.stack(drawn, axis=1)) if drawn else [np.zeros(0, np.int64) for _ in prompts]


def draw(
    logits: NDArray[np.float32], temperature: float, top_k: int, top_p: float, random: np.random.Generator
) -> NDArray[np.int64]:
    """One token for each row of logits (batch, vocabulary)."""
    if temperature == 0:
        return logits.argmax(-1)
    scaled = logits.astype(np.float64) / temperature
    order = np.argsort(-scaled, axis=-1, kind="stable")
    ranked = np.take_along_axis(scaled, order, -1)
    chances = np.exp(ranked - ranked[:, :1])
    if top_k:
        chances[:, top_k:] = 0
    chances /= chances.sum(-1, keepdims=True)
    before = chances.cumsum(-1) - chances
    chances[before >= top_p] = 0  # the first is always left
    chances /= chances.sum(-1, keepdims=True)
    ranks = (chances.cumsum(-1) > random.random((len(logits), 1))).argmax(-1)
    return np.take_along_axis(order, ranks[:, None], -1)[:, 0]


UNLIKELY = -2.5
"""Log-odds below which a key is never drawn: among 88, keys that are unlikely one by one would come up together all the time."""


def carry_over(
    network: keras.Model,
    examples: datasets.Rolls,
    indices: NDArray[np.int64],
    temperature: float,
    seed: int,
) -> rolls.Roll:
    """New keys to the melodies of the examples at `indices`, in the style that they have there: (batch, window, 88).

    In every frame the melody is kept, but for octaves that lie outside the style's manner, and the keys below it are drawn from the
    highest down, each knowing those above it; the frame is given back to the network, whose last layer is `NoteByNote`. As many keys
    are asked for as the style mostly has. A melody note that is struck again is struck again.
    """
    import tensorflow as tf

    carrying = layers.with_states(network)
    below = np.tril(np.asarray(network.get_layer("notes").kernel), -1)

    @tf.function(reduce_retracing=True)
    def step(frame: tf.Tensor, states: list[tf.Tensor]) -> list[tf.Tensor]:
        logits, *after = carrying([frame[:, None], *states], training=False)
        return [logits[:, 0], *after]

    cells = examples.cells(indices, examples.ahead or 0)
    style = examples.table["style"][indices]
    melody, struck = rolls.melody(cells[:, 1:])
    voices = np.where(melody >= 0, np.array([manner.voices for manner in examples.manners])[style, None], 0)
    seen = examples.seen(cells, style, voices[:, : examples.window])
    melody = np.stack([examples.manners[each].fold(keys) for each, keys in zip(style, melody, strict=True)])
    random = np.random.default_rng(seed)
    rows = np.arange(len(cells))
    drawn = np.zeros((len(cells), seen.shape[1], KEYS), np.uint8)
    states = [tf.zeros((len(cells), state.shape[1])) for state in carrying.inputs[1:]]
    for time in range(seen.shape[1]):
        if time:
            seen[:, time, :KEYS] = drawn[:, time - 1] > 0
        logits, *states = step(tf.constant(seen[:, time]), states)
        now = _draw_below(logits.numpy().astype(np.float64), melody[:, time], below, temperature, random)
        drawn[:, time] = np.where(now, np.where(seen[:, time, :KEYS] > 0, rolls.SOUNDING, rolls.STRUCK), 0)
        again = (melody[:, time] >= 0) & struck[:, time]
        drawn[rows[again], time, melody[again, time]] = rolls.STRUCK
    return drawn


def _draw_below(
    logits: NDArray[np.float64],
    top: NDArray[np.int64],
    below: NDArray[np.float32],
    temperature: float,
    random: np.random.Generator,
) -> NDArray[np.bool_]:
    """Which keys sound (batch, keys), none above `top`: from there down, what is drawn changes the logits of the keys below."""
    logits = np.where(np.arange(KEYS) > top[:, None], -np.inf, logits)
    rows = np.flatnonzero(top >= 0)
    logits[rows, top[rows]] = np.inf
    limits = np.maximum(temperature * random.logistic(size=logits.shape), UNLIKELY)
    sounding = np.zeros(logits.shape, bool)
    for key in reversed(range(KEYS)):
        sounding[:, key] = logits[:, key] > limits[:, key]
        if sounding[:, key].any():
            logits[:, :key] += sounding[:, key, None] * below[key, :key]
    return sounding
