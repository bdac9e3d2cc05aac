"""Count-based models of piano rolls."""

import numpy as np
import pytest

from pipelines.tasks.music.counting import CountingModel


def test_counting_model_probabilities_have_add_one_smoothing() -> None:
    counted = CountingModel(contexts=2, keys=3)
    counted.fit(np.zeros((2, 3), np.int64), np.array([[True, False, True], [True, False, False]]))
    counted.fit(np.array([[1, 1, 0]]), np.array([[False, True, True]]))
    chances = 1 / (1 + np.exp(-counted.logits(np.array([[0, 0, 0], [1, 1, 1]]))))
    np.testing.assert_allclose(chances, [[3 / 4, 1 / 4, 3 / 5], [1 / 3, 2 / 3, 1 / 2]])


def test_counting_model_gives_a_key_that_never_sounded_some_probability(random: np.random.Generator) -> None:
    counted = CountingModel(contexts=1, keys=88)
    counted.fit(np.zeros((500, 88), np.int64), np.zeros((500, 88), bool))
    logits = counted.logits(np.zeros((4, 88), np.int64))
    assert np.isfinite(logits).all()
    assert (logits < np.log(1 / 500)).all()
    assert logits.ravel() == pytest.approx(np.full(4 * 88, np.log(1 / 501)))
