import keras
import numpy as np
import pytest

from pipelines.analysis import gradients, importance, memory
from pipelines.analysis.gates import Trace
from pipelines.nn.views import SEQUENCE


def linear(steps: int, weights: np.ndarray) -> keras.Model:
    """A network whose gradient and Shapley values are known: a weighted sum of its inputs."""
    inputs = keras.Input((steps, weights.shape[1]), name=SEQUENCE)
    network = keras.Model({SEQUENCE: inputs}, keras.layers.Dense(2, use_bias=False)(keras.layers.Flatten()(inputs)))
    network.set_weights([np.stack([weights.ravel(), weights.ravel()], 1).astype(np.float32)])
    return network


def test_magnitudes_of_a_linear_network_are_the_norms_of_its_weights(random: np.random.Generator) -> None:
    weights = random.normal(size=(6, 3))
    windows = random.normal(size=(5, 6, 3)).astype(np.float32)
    magnitude = gradients.magnitudes(linear(6, weights), {SEQUENCE: windows}, SEQUENCE, (0, 1))[1]
    np.testing.assert_allclose(magnitude, np.tile(np.linalg.norm(weights, axis=1), (5, 1)), rtol=1e-5)


@pytest.mark.parametrize(
    ("profile", "length"), [([0, 0, 0, 1], 1), ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 9), ([8, 1, 1], 3), ([0, 0], 0)]
)
def test_memory_length_holds_nine_tenths_of_the_magnitude(profile: list[float], length: int) -> None:
    assert gradients.memory_length(np.array([profile, profile], float)) == length


def test_aligned_ends_at_the_last_unpadded_step() -> None:
    values = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    mask = np.array([[True, True, False], [True, True, True]])
    np.testing.assert_array_equal(gradients.aligned(values, mask), [[np.nan, 1, 2], [4, 5, 6]])
    mean, low, high = gradients.summary(gradients.aligned(values, mask))
    assert mean.tolist() == [4, 3, 4]
    assert (low <= mean).all()
    assert (mean <= high).all()
    assert gradients.memory_length(gradients.aligned(values, mask)) == 3


def test_shapley_is_exact_for_a_linear_network(random: np.random.Generator) -> None:
    weights = random.normal(size=(4, 2))
    windows, background = (random.normal(size=(n, 4, 2)).astype(np.float32) for n in (3, 20))
    explained = importance.shapley(linear(4, weights), windows, background, seed=1)
    np.testing.assert_allclose(explained.values, (windows - background.mean(0)) * weights, atol=1e-5)
    assert explained.additivity_error < 1e-5


def test_integrated_gradients_of_a_linear_network_are_weight_times_difference(random: np.random.Generator) -> None:
    weights = random.normal(size=(4, 2))
    sequences = random.normal(size=(3, 4, 2)).astype(np.float32)
    neutral = np.array([0.5, -1], np.float32)
    explained = importance.integrated_gradients(linear(4, weights), {SEQUENCE: sequences}, neutral)
    np.testing.assert_allclose(explained.values, (sequences - neutral) * weights, atol=1e-5)
    assert explained.additivity_error < 1e-5


def test_summed_adds_the_columns_of_a_feature() -> None:
    values = np.arange(6.0).reshape(1, 2, 3)
    assert importance.summed(values, [0, 1, 0]).tolist() == [[[2, 1], [8, 4]]]
    assert importance.summed(values, None).tolist() == [[[3], [12]]]


def test_integrated_gradients_add_up_to_the_change_of_the_likeliest_class(random: np.random.Generator) -> None:
    """Completeness (Sundararajan et al. 2017, proposition 1), for a network that is far from linear."""
    inputs = keras.Input((6, 3), name=SEQUENCE)
    hidden = keras.layers.Dense(5)(keras.layers.LSTM(8)(inputs))
    network = keras.Model({SEQUENCE: inputs}, keras.ops.log_softmax(hidden))
    sequences = 2 * random.normal(size=(5, 6, 3)).astype(np.float32)
    neutral = np.zeros(3, np.float32)
    explained = importance.integrated_gradients(network, {SEQUENCE: sequences}, neutral)
    rows, likeliest = np.arange(5), network.predict_on_batch({SEQUENCE: sequences}).argmax(-1)
    change = (
        network.predict_on_batch({SEQUENCE: sequences}) - network.predict_on_batch({SEQUENCE: np.zeros_like(sequences)})
    )[rows, likeliest]
    np.testing.assert_allclose(explained.values.sum((1, 2)), change, atol=2e-3)
    coarse = importance.integrated_gradients(network, {SEQUENCE: sequences}, neutral, points=(1,))
    assert coarse.additivity_error > explained.additivity_error


def _trace(memory_: np.ndarray, gate: float | None = None, mask: np.ndarray | None = None) -> Trace:
    carry = None
    if gate is not None:
        carry = np.full_like(memory_, gate)
        if mask is not None:
            carry[~mask] = np.nan
    return Trace("l", "forward", "GRU", {}, memory_, None, carry, mask=mask)


def _padded(memory_: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows that keep their memory after `lengths` steps, as a layer does over masked steps, and the mask."""
    mask = np.arange(memory_.shape[1]) < lengths[:, None]
    last = np.minimum(np.arange(memory_.shape[1]), lengths[:, None] - 1)
    return np.take_along_axis(memory_, last[..., None], axis=1), mask


def test_correlated_units_are_those_most_correlated_with_the_output(random: np.random.Generator) -> None:
    states = random.normal(size=(50, 4, 5))
    outputs = (-states[:, -1, 3] + 0.01 * random.normal(size=50))[:, None].astype(np.float32)
    units, correlations = memory.correlated_units(_trace(states), outputs, count=2)
    assert units[0] == 3
    assert correlations[0] == pytest.approx(-1, abs=0.01)


def test_correlated_units_are_those_of_the_last_valid_step(random: np.random.Generator) -> None:
    lengths = random.integers(1, 5, size=50)
    states, mask = _padded(random.normal(size=(50, 4, 5)), lengths)
    outputs = states[np.arange(50), lengths - 1, 2:3].astype(np.float32)
    units, correlations = memory.correlated_units(_trace(states, mask=mask), outputs, count=1)
    assert units.tolist() == [2]
    assert correlations[0] == pytest.approx(1)


def test_correlated_units_give_zero_to_a_unit_that_never_changes() -> None:
    outputs = np.arange(6, dtype=np.float32)[:, None]
    _, correlations = memory.correlated_units(_trace(np.ones((6, 3, 2))), outputs, count=2)
    assert correlations.tolist() == [0, 0]


def _slow(random: np.random.Generator, steps: int, decay: float) -> np.ndarray:
    """An autoregressive unit, and one of white noise: (40, steps, 2)."""
    slow = np.zeros((40, steps, 1))
    noise = random.normal(size=slow.shape)
    for t in range(1, steps):
        slow[:, t] = decay * slow[:, t - 1] + noise[:, t]
    return np.concatenate([slow, noise], axis=2)


def test_time_constants_follow_gate_and_autocorrelation(random: np.random.Generator) -> None:
    both = _slow(random, 200, 0.8)
    constants = memory.time_constants(_trace(both, gate=0.8))
    assert constants.gate is not None
    assert constants.gate.tolist() == pytest.approx([-1 / np.log(0.8)] * 2)
    assert constants.autocorrelation[0] == pytest.approx(-1 / np.log(0.8), abs=1.5)
    assert constants.autocorrelation[1] == 1
    assert memory.time_constants(_trace(both)).gate is None


def test_time_constants_leave_out_masked_steps(random: np.random.Generator) -> None:
    states, mask = _padded(_slow(random, 200, 0.8), np.full(40, 80))
    whole = memory.time_constants(_trace(states[:, :80], gate=0.8))
    padded = memory.time_constants(_trace(states, gate=0.8, mask=mask))
    assert whole.gate is not None
    assert padded.gate is not None
    np.testing.assert_allclose(padded.gate, whole.gate)
    np.testing.assert_array_equal(padded.autocorrelation, whole.autocorrelation)
    assert memory.time_constants(_trace(states, mask=None)).autocorrelation[0] > whole.autocorrelation[0]


def test_time_constants_of_a_unit_that_never_forgets_are_the_longest_length() -> None:
    steps = np.where(np.arange(3)[:, None] > 0, 1.0, -1.0) * np.ones((3, 6))
    mask = np.arange(6) < np.array([[4], [3], [2]])
    assert memory.time_constants(_trace(steps[..., None], mask=mask)).autocorrelation.tolist() == [4]
    assert memory.time_constants(_trace(steps[..., None])).autocorrelation.tolist() == [6]
