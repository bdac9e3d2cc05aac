import numpy as np
import pytest

from pipelines.nn import losses


def test_qlike_is_lowest_at_the_mean_variance(random: np.random.Generator) -> None:
    variance = random.chisquare(5, (20_000, 1)).astype(np.float32) / 5
    candidates = np.linspace(0.5, 2, 31)
    values = [float(np.mean(losses.get("qlike")(variance, np.full_like(variance, np.log(c))))) for c in candidates]
    assert candidates[int(np.argmin(values))] == pytest.approx(variance.mean(), abs=0.05)


def test_the_likelihood_of_frames_counts_no_padding() -> None:
    keys = np.array([[[1, 0], [0, 0], [-1, -1]]], np.float32)
    logits = np.array([[[2.0, -1.0], [0.0, 0.5], [9.0, 9.0]]], np.float32)
    chances = 1 / (1 + np.exp(-logits[0, :2]))
    expected = -(np.log(chances[0, 0]) + np.log(1 - chances[0, 1]) + np.log(1 - chances[1]).sum()) / 2
    assert float(losses.get("nll_per_frame")(keys, logits)) == pytest.approx(expected, rel=1e-5)
    assert float(losses.get("nll_per_frame")(keys - 3, logits)) == 0
