"""Autoregressive generation: a token is drawn from the network's prediction and becomes its next input."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pipelines.nn.datasets import TOKENS
from pipelines.nn.inference import Stepper
from pipelines.nn.vocabulary import BEGIN, PADDING


def generate(
    network: keras.Model,
    prompts: Sequence[NDArray[np.int32]],
    length: int,
    temperature: float,
    top_k: int,
    top_p: float,
    seed: int,
) -> list[NDArray[np.int64]]:
    """`length` tokens after each prompt (1-D, at least one token), all prompts side by side.

    `temperature` divides the logits; 0 takes the most likely token. `top_k` (Fan et al. 2018) and `top_p` (Holtzman et al. 2020) restrict
    the draw to the most likely tokens.
    """
    stepper = Stepper(network)
    prompted = [stepper({TOKENS: prompt[None].astype(np.int32)}) for prompt in prompts]
    last = tf.concat([logits[:, -1] for logits, _ in prompted], axis=0)
    states = [tf.concat(parts, axis=0) for parts in zip(*(after for _, after in prompted), strict=True)]
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(length):
        next_logits = np.array(last)
        next_logits[:, [PADDING, BEGIN]] = -np.inf  # not tokens of a text
        drawn.append(draw(next_logits, temperature, top_k, top_p, random))
        logits, states = stepper({TOKENS: drawn[-1][:, None].astype(np.int32)}, states)
        last = logits[:, -1]
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
    probabilities = np.exp(ranked - ranked[:, :1])
    if top_k:
        probabilities[:, top_k:] = 0
    probabilities /= probabilities.sum(-1, keepdims=True)
    before = probabilities.cumsum(-1) - probabilities
    probabilities[before >= top_p] = 0  # the first is always left
    probabilities /= probabilities.sum(-1, keepdims=True)
    ranks = (probabilities.cumsum(-1) > random.random((len(logits), 1))).argmax(-1)
    return np.take_along_axis(order, ranks[:, None], -1)[:, 0]
