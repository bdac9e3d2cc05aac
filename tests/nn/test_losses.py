import numpy as np
import pytest

from pipelines.nn import losses


def test_qlike_is_lowest_at_the_mean_variance(random: np.random.Generator) -> None:
    variance = random.chisquare(5, (20_000, 1)).astype(np.float32) / 5
    candidates = np.linspace(0.5, 2, 31)
    values = [float(np.mean(losses.get("qlike")(variance, np.full_like(variance, np.log(c))))) for c in candidates]
    assert candidates[int(np.argmin(values))] == pytest.approx(variance.mean(), abs=0.05)
