from collections import Counter
from typing import Any

import numpy as np
import pytest

from pipelines.nn import generation, layers
from pipelines.nn.heads import NextToken
from pipelines.nn.vocabulary import BEGIN, PADDING
from pipelines.params.blocks import RecurrentLayer, TokenModel

LOGITS = np.log(np.array([[0.5, 0.3, 0.15, 0.05]], np.float32))


def drawn(random: np.random.Generator, options: dict[str, float], count: int = 4000) -> dict[int, float]:
    """The relative frequency of every token among `count` draws."""
    chosen: dict[str, Any] = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, **options}
    tokens = generation.draw(np.repeat(LOGITS, count, 0), random=random, **chosen)
    return {token: times / count for token, times in Counter(tokens.tolist()).items()}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0.5, 0.3, 0.15, 0.05]),
        ({"temperature": 0.5}, [0.25 / 0.365, 0.09 / 0.365, 0.0225 / 0.365, 0.0025 / 0.365]),
        ({"temperature": 0}, [1, 0, 0, 0]),
        ({"top_k": 2}, [0.625, 0.375, 0, 0]),
        ({"top_k": 9}, [0.5, 0.3, 0.15, 0.05]),
        ({"top_p": 0.79}, [0.625, 0.375, 0, 0]),
        ({"top_p": 0.81}, [0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0]),
        ({"top_p": 0.01}, [1, 0, 0, 0]),
        ({"top_k": 3, "top_p": 0.6}, [0.625, 0.375, 0, 0]),
    ],
)
def test_draw_samples_tokens_with_the_expected_frequencies(
    random: np.random.Generator, options: dict[str, float], expected: list[float]
) -> None:
    found = drawn(random, options)
    np.testing.assert_allclose([found.get(token, 0) for token in range(4)], expected, atol=0.03)
    assert set(found) == {token for token, chance in enumerate(expected) if chance}


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru", "mgu"])
def test_generate_matches_the_network_run_on_the_whole_sequence(cell: str) -> None:
    """Greedy: every token is the most likely one after all those before it; padding and begin are never generated."""
    stack = tuple(RecurrentLayer(cell=cell, units=units) for units in (6, 5))
    network = layers.next_step_model(
        9, TokenModel(embedding=4, recurrent=stack, dense=(), dropout=0.5), NextToken(9), name="n"
    )
    prompts = [np.array([1, 4, 2], np.int32), np.array([3], np.int32)]
    written = generation.generate(network, prompts, 12, temperature=0, top_k=0, top_p=1, seed=1)
    for prompt, tokens in zip(prompts, written, strict=True):
        whole = np.concatenate([prompt, tokens])
        logits = network.predict_on_batch({"tokens": whole[None]})[0, len(prompt) - 1 : -1]
        logits[:, [PADDING, BEGIN]] = -np.inf
        np.testing.assert_array_equal(logits.argmax(-1), tokens)


def test_generate_repeats_with_the_same_seed() -> None:
    network = layers.next_step_model(
        9,
        TokenModel(embedding=4, recurrent=(RecurrentLayer(cell="gru", units=5),), dense=(), dropout=0),
        NextToken(9),
        name="n",
    )
    one, again, other = (
        generation.generate(network, [np.array([1], np.int32)], 30, 1.0, 0, 1.0, seed=seed)[0].tolist()
        for seed in (1, 1, 2)
    )
    assert one == again != other
