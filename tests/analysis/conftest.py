import numpy as np
import pytest

from tests.analysis.recurrent_layers import BATCH, FEATURES, TIME


@pytest.fixture
def windows(random: np.random.Generator) -> np.ndarray:
    return random.normal(size=(BATCH, TIME, FEATURES)).astype(np.float32)


@pytest.fixture
def mask() -> np.ndarray:
    """Padded at the end, padded at the beginning, with a hole, and whole."""
    mask = np.ones((BATCH, TIME), bool)
    mask[0, 4:] = mask[1, :2] = mask[2, 3] = False
    return mask
