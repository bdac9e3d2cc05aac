"""The networks: padding and, in one direction, the future change nothing."""

from typing import Any

import keras
import numpy as np
import pytest

from pipelines.nn.heads import CTC
from pipelines.params.blocks import RecurrentLayer
from pipelines.tasks.speech.data import MASK, SOUND, padded_sounds
from pipelines.tasks.speech.layers import SpecAugment
from pipelines.tasks.speech.network import transcriber
from pipelines.tasks.speech.params import Params, SpeechModel

BANDS, STRIDES = 6, (2, 2)


def small(block: Params, bidirectional: bool) -> SpeechModel:
    layer = RecurrentLayer(cell="lstm", units=5, bidirectional=bidirectional)
    return block.models["lstm_gru"].model_copy(
        update={"filters": (4, 4), "recurrent": (layer,), "dropout": 0.0, "time_masks": 0, "mel_masks": 0}
    )


def network(block: Params, bidirectional: bool = True) -> keras.Model:
    keras.utils.set_random_seed(1)
    built = transcriber(BANDS, STRIDES, small(block, bidirectional), CTC(3), "transcriber")
    random = np.random.default_rng(1)
    for layer in built.layers:
        if "normalisation" in layer.name:
            layer.set_weights([random.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()])
    return built


def run(model: keras.Model, inputs: dict[str, Any], training: bool = False) -> np.ndarray:
    return np.asarray(model(inputs, training=training))


@pytest.mark.parametrize("length", [13, 14, 15, 16])
def test_outputs_do_not_depend_on_padding(block: Params, random: np.random.Generator, length: int) -> None:
    model = network(block)
    short, long = (random.normal(size=(size, BANDS)).astype(np.float32) for size in (length, 31))
    alone = run(model, padded_sounds([short], []))[0]
    together = run(model, padded_sounds([short, long], []))[0]
    steps = -(-length // 4)
    assert len(alone) == steps
    np.testing.assert_allclose(together[:steps], alone, atol=1e-6)


def test_batch_statistics_do_not_depend_on_padding(block: Params, random: np.random.Generator) -> None:
    rows = [random.normal(size=(size, BANDS)).astype(np.float32) for size in (12, 20)]
    tight, loose = padded_sounds(rows, []), padded_sounds(rows, [40])
    loose[SOUND][0, 12:] = 9.0  # not even if it is not zero
    one, other = (run(network(block), inputs, training=True) for inputs in (tight, loose))
    np.testing.assert_allclose(other[0, :3], one[0, :3], atol=1e-5)
    np.testing.assert_allclose(other[1, :5], one[1, :5], atol=1e-5)


def test_network_of_one_direction_does_not_hear_the_future(block: Params, random: np.random.Generator) -> None:
    sound = random.normal(size=(40, BANDS)).astype(np.float32)
    cut = padded_sounds([sound[:21]], [])
    for bidirectional in (False, True):
        model = network(block, bidirectional)
        whole, begin = run(model, padded_sounds([sound], []))[0, :6], run(model, cut)[0, :6]
        assert np.allclose(whole, begin, atol=1e-6) is not bidirectional


def test_spec_augment_hides_stretches_of_the_sound_in_training_alone(random: np.random.Generator) -> None:
    inputs = padded_sounds([np.ones((size, 30), np.float32) for size in (80, 40)], [])
    layer = SpecAugment(time_masks=2, time_width=10, mel_masks=1, mel_width=5)
    np.testing.assert_array_equal(layer(inputs[SOUND], inputs[MASK], training=False), inputs[SOUND])
    hidden = [np.asarray(layer(inputs[SOUND], inputs[MASK], training=True)) for _ in range(40)]
    shares = [float(1 - part[0].mean()) for part in hidden]
    assert 0 < np.mean(shares) < 0.25 + 5 / 30
    assert all(not part[1, 40:].any() for part in hidden)
    # Whole rows and columns are hidden, nothing else.
    for part in hidden:
        times, bands = part[0].any(1), part[0].any(0)
        np.testing.assert_array_equal(part[0], np.outer(times, bands))


def test_spec_augment_is_decided_by_the_state_of_its_seed() -> None:
    inputs = padded_sounds([np.ones((80, 30), np.float32)], [])
    layer = SpecAugment(time_masks=2, time_width=10, mel_masks=1, mel_width=5)
    drawn = []
    for _ in range(2):
        layer.seed_generator.state.assign(np.array([3, 4]))
        drawn.append(np.asarray(layer(inputs[SOUND], inputs[MASK], training=True)))
    np.testing.assert_array_equal(drawn[0], drawn[1])
