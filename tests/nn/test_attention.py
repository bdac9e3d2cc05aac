from typing import Any

import numpy as np
import pytest

from pipelines.nn.attention import SCORES, Attention

Tensors = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture
def tensors(random: np.random.Generator) -> Tensors:
    """Queries (2, 3, 4), memory (2, 5, 4), mask (2, 5)."""
    mask = np.array([[True] * 5, [True, True, False, False, False]])
    return random.normal(size=(2, 3, 4)).astype(np.float32), random.normal(size=(2, 5, 4)).astype(np.float32), mask


def by_hand(layer: Attention, query: np.ndarray, memory: np.ndarray) -> np.ndarray:
    """The scores in the papers, for one query and one step at a time."""
    w = {weight.name: np.asarray(weight) for weight in layer.weights}
    scores = np.zeros((len(query), query.shape[1], memory.shape[1]))
    for b, q, m in np.ndindex(scores.shape):
        if layer.score == "dot":
            scores[b, q, m] = query[b, q] @ memory[b, m]
        elif layer.score == "general":
            scores[b, q, m] = query[b, q] @ w["kernel"] @ memory[b, m]
        else:
            hidden = query[b, q] @ w["query_kernel"] + memory[b, m] @ w["memory_kernel"]
            scores[b, q, m] = w["vector"] @ np.tanh(hidden)
    return scores


@pytest.mark.parametrize("score", SCORES)
def test_attention_matches_the_equations_over_unpadded_steps(score: str, tensors: Tensors) -> None:
    query, memory, mask = tensors
    layer = Attention(score, units=6)
    context, weights = (np.asarray(part) for part in layer(query, memory, mask))
    exponentials = np.exp(by_hand(layer, query, memory)) * mask[:, None]
    expected = exponentials / exponentials.sum(-1, keepdims=True)
    np.testing.assert_allclose(weights, expected, atol=1e-5)
    np.testing.assert_allclose(context, expected @ memory, atol=1e-5)


@pytest.mark.parametrize("score", SCORES)
def test_attention_over_padding_only_is_zero(score: str, tensors: Tensors) -> None:
    query, memory, _ = tensors
    context, weights = Attention(score, units=6)(query, memory, np.zeros((2, 5), bool))
    assert not np.asarray(weights).any()
    assert not np.asarray(context).any()


def test_attention_stays_finite_for_large_scores(tensors: Tensors) -> None:
    query, memory, mask = tensors
    _, weights = Attention("dot")(query * 1e4, memory * 1e4, mask)
    np.testing.assert_allclose(np.asarray(weights).sum(-1), 1, atol=1e-6)


def test_attention_survives_saving() -> None:
    layer = Attention("additive", units=3, name="a")
    assert Attention.from_config(layer.get_config()).get_config() == layer.get_config()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"score": "cosine"}, "there is no score 'cosine'; there are dot"), ({"score": "additive"}, "needs units")],
)
def test_attention_refuses_invalid_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Attention(**options)
