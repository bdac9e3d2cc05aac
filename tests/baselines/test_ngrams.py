import numpy as np
import pytest
from nltk.lm import KneserNeyInterpolated
from nltk.util import everygrams

from pipelines.baselines import ngrams

ORDER, DISCOUNT, VOCABULARY = 3, 0.7, 6


@pytest.fixture
def training(random: np.random.Generator) -> np.ndarray:
    return random.choice(VOCABULARY - 1, size=200, p=[0.4, 0.3, 0.15, 0.1, 0.05])


@pytest.fixture
def model(training: np.ndarray) -> ngrams.KneserNey:
    return ngrams.KneserNey(training.tolist(), ORDER, DISCOUNT, VOCABULARY)


def test_kneser_ney_probabilities_sum_to_one_after_any_context(model: ngrams.KneserNey, training: np.ndarray) -> None:
    seen, unseen = training[:2].tolist(), [VOCABULARY - 1] * 2
    for context in (seen, unseen, [0, VOCABULARY - 1]):
        chances = [2 ** model.score([*context, token])[-1] for token in range(VOCABULARY)]
        assert sum(chances) == pytest.approx(1)
        assert min(chances) > 0


def test_kneser_ney_matches_nltk_above_the_unigram(model: ngrams.KneserNey, training: np.ndarray) -> None:
    """The library's own estimator, with its slow sums; only its lowest order differs (it gives unseen tokens a probability of 0)."""
    row = [chr(token) for token in training]
    theirs = KneserNeyInterpolated(ORDER, discount=DISCOUNT)
    theirs.fit([everygrams(row, max_len=ORDER)], vocabulary_text=[chr(token) for token in range(VOCABULARY)])
    lowest = model.model.estimator.unigram_score
    theirs.estimator.unigram_score = lowest
    tokens = training[40:60].tolist()
    ours = model.score(tokens)
    for index in range(len(tokens)):
        context = tuple(chr(token) for token in tokens[max(0, index - ORDER + 1) : index])
        assert 2 ** ours[index] == pytest.approx(theirs.unmasked_score(chr(tokens[index]), context))


def test_kneser_ney_unigram_counts_continuations_not_occurrences() -> None:
    """Chen & Goodman 1999: a token that only ever follows one other is unlikely after a third, however frequent it is."""
    row = [0, 1] * 50 + [2, 3, 0, 3, 1, 3]  # 1 nearly always follows 0; 3 follows three different tokens
    model = ngrams.KneserNey(row, 2, 0.5, 5)
    after_new = model.score([4, 3])[-1], model.score([4, 1])[-1]
    assert after_new[0] > after_new[1]


def test_unigram_gives_smoothed_frequencies() -> None:
    training = np.array([0, 0, 0, 1])
    scores = ngrams.unigram(training, np.array([0, 1, 2]), 3)
    np.testing.assert_allclose(2**scores, np.array([4, 2, 1]) / 7)
