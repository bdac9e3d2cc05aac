import keras
import numpy as np
import pytest

from pipelines.analysis import gradients, importance, memory
from pipelines.analysis.gates import Trace
from pipelines.nn.checkpoints import Classes


def linear(steps: int, weights: np.ndarray) -> keras.Model:
    """A network whose gradient and Shapley values are known: a weighted sum of its inputs."""
    inputs = keras.Input((steps, weights.shape[1]))
    network = keras.Model(inputs, keras.layers.Dense(2, use_bias=False)(keras.layers.Flatten()(inputs)))
    network.set_weights([np.stack([weights.ravel(), weights.ravel()], 1).astype(np.float32)])
    return network


def test_gradients_of_a_linear_network_are_its_weights(random: np.random.Generator) -> None:
    weights = random.normal(size=(6, 3))
    windows = random.normal(size=(5, 6, 3)).astype(np.float32)
    _, magnitude = gradients.magnitudes(linear(6, weights), windows, outputs=(0, 1))
    np.testing.assert_allclose(magnitude, np.tile(np.linalg.norm(weights, axis=1), (5, 1)), rtol=1e-5)


@pytest.mark.parametrize(
    ("profile", "length"), [([0, 0, 0, 1], 1), ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 9), ([8, 1, 1], 3), ([0, 0], 0)]
)
def test_memory_length_holds_nine_tenths_of_the_magnitude(profile: list[float], length: int) -> None:
    assert gradients.memory_length(np.array([profile, profile], float)) == length


def test_shapley_values_of_a_linear_network_are_exact_and_additive(random: np.random.Generator) -> None:
    weights = random.normal(size=(4, 2))
    windows, background = (random.normal(size=(n, 4, 2)).astype(np.float32) for n in (3, 20))
    explained = importance.shapley(linear(4, weights), windows, background, seed=1)
    np.testing.assert_allclose(explained.values, (windows - background.mean(0)) * weights, atol=1e-5)
    assert explained.additivity_error < 1e-5


def test_integrated_gradients_of_a_linear_network_are_weight_times_difference(random: np.random.Generator) -> None:
    weights = random.normal(size=(4, 2))
    sequences = random.normal(size=(3, 4, 2)).astype(np.float32)
    neutral = np.array([0.5, -1], np.float32)
    explained = importance.integrated_gradients(Classes(linear(4, weights), neutral), sequences)
    np.testing.assert_allclose(explained.values, (sequences - neutral) * weights, atol=1e-5)
    assert explained.additivity_error < 1e-5


def test_contributions_are_summed_over_the_numbers_of_a_feature() -> None:
    values = np.arange(6.0).reshape(1, 2, 3)
    assert importance.summed(values, [0, 1, 0]).tolist() == [[[2, 1], [8, 4]]]
    assert importance.summed(values, None).tolist() == [[[3], [12]]]


def test_integrated_gradients_add_up_to_the_change_of_the_likeliest_class(random: np.random.Generator) -> None:
    """Completeness (Sundararajan et al. 2017, proposition 1), for a network that is far from linear."""
    inputs = keras.Input((6, 3))
    hidden = keras.layers.Dense(5)(keras.layers.LSTM(8)(inputs))
    network = keras.Model(inputs, keras.ops.log_softmax(hidden))
    sequences = 2 * random.normal(size=(5, 6, 3)).astype(np.float32)
    neutral = np.zeros(3, np.float32)
    explained = importance.integrated_gradients(Classes(network, neutral), sequences)
    rows, likeliest = np.arange(5), np.asarray(network(sequences)).argmax(-1)
    change = (np.asarray(network(sequences)) - np.asarray(network(np.zeros_like(sequences))))[rows, likeliest]
    np.testing.assert_allclose(explained.values.sum((1, 2)), change, atol=2e-3)
    coarse = importance.integrated_gradients(Classes(network, neutral), sequences, points=(1,))
    assert coarse.additivity_error > explained.additivity_error


def _trace(memory_: np.ndarray, gate: float | None = None) -> Trace:
    return Trace("l", "forward", "GRU", {}, memory_, None, None if gate is None else np.full_like(memory_, gate))


def test_the_telling_units_are_those_that_go_with_the_output(random: np.random.Generator) -> None:
    states = random.normal(size=(50, 4, 5))
    outputs = (-states[:, -1, 3] + 0.01 * random.normal(size=50))[:, None].astype(np.float32)
    units, correlations = memory.telling_units(_trace(states), outputs, count=2)
    assert units[0] == 3
    assert correlations[0] == pytest.approx(-1, abs=0.01)


def test_a_unit_that_never_changes_tells_nothing() -> None:
    outputs = np.arange(6, dtype=np.float32)[:, None]
    _, correlations = memory.telling_units(_trace(np.ones((6, 3, 2))), outputs, count=2)
    assert correlations.tolist() == [0, 0]


def test_time_constants_follow_gate_and_autocorrelation(random: np.random.Generator) -> None:
    steps, decay = 200, 0.8
    slow = np.zeros((40, steps, 1))
    noise = random.normal(size=slow.shape)
    for t in range(1, steps):
        slow[:, t] = decay * slow[:, t - 1] + noise[:, t]
    both = np.concatenate([slow, noise], axis=2)
    constants = memory.time_constants(_trace(both, gate=0.8))
    assert constants.gate is not None
    assert constants.gate.tolist() == pytest.approx([-1 / np.log(0.8)] * 2)
    assert constants.autocorrelation[0] == pytest.approx(-1 / np.log(decay), abs=1.5)
    assert constants.autocorrelation[1] == 1
    assert memory.time_constants(_trace(both)).gate is None
