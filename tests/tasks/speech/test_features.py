"""Spectrograms are librosa's; transcripts have to fit them."""

import librosa
import numpy as np
import pytest

from pipelines.tasks.speech import features, variation
from pipelines.tasks.speech.fitting import misfit
from pipelines.tasks.speech.params import Prepare
from pipelines.tasks.speech.recordings import Sound


@pytest.fixture
def sound(random: np.random.Generator) -> Sound:
    time = np.arange(12_345) / 8000
    voice = np.sin(2 * np.pi * (200 + 300 * time) * time) * np.hanning(len(time))
    return np.asarray(0.3 * voice + 0.01 * random.standard_normal(len(time)), np.float32)


@pytest.mark.parametrize(("n_fft", "hop_length", "n_mels"), [(256, 80, 40), (400, 160, 80), (255, 100, 20)])
def test_log_mel_equals_librosa(settings: Prepare, sound: Sound, n_fft: int, hop_length: int, n_mels: int) -> None:
    params = settings.model_copy(update={"n_fft": n_fft, "hop_length": hop_length, "n_mels": n_mels})
    mel = librosa.feature.melspectrogram(
        y=sound, sr=params.rate, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, fmin=params.fmin, fmax=params.fmax
    )
    theirs = librosa.power_to_db(mel, ref=np.max, top_db=params.top_db).T
    ours = features.log_mel(sound, params)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-4)
    assert len(ours) == features.frames_of(len(sound), params)


def test_spectrogram_does_not_depend_on_volume_or_on_silence_around(settings: Prepare, sound: Sound) -> None:
    loud = features.spectrogram(sound, settings)
    np.testing.assert_allclose(features.spectrogram(np.float32(0.5) * sound, settings), loud, atol=1e-3)
    after = features.spectrogram(np.pad(sound, (8000, 0)), settings)
    assert len(after) == pytest.approx(len(loud), abs=4)


def test_trimmed_names_where_the_sound_begins(settings: Prepare, sound: Sound) -> None:
    _, start = features.trimmed(np.pad(sound, (4000, 0)), settings)
    assert start == pytest.approx(4000, abs=settings.n_fft)


def test_misfit_refuses_a_click_with_a_transcript(settings: Prepare) -> None:
    assert "too short for 'one'" in str(misfit("one", 5, 21, settings))


def test_misfit_names_steps_that_are_too_few_after_the_convolutions(settings: Prepare) -> None:
    frames = settings.stride * 4
    assert misfit("three", 8000, frames, settings) is not None
    assert misfit("one", 8000, frames, settings) is None


def test_noisy_sound_has_the_signal_to_noise_ratio(sound: Sound, random: np.random.Generator) -> None:
    noise = variation.noisy(sound, 10.0, 1.0, random) - sound
    assert 10 * np.log10(np.square(sound).mean() / np.square(noise).mean()) == pytest.approx(10, abs=0.01)


def test_augmented_variants_are_decided_by_the_seed_alone(settings: Prepare, sound: Sound) -> None:
    one, again, other = (variation.augmented(sound, settings, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert len(one) != len(other)


@pytest.mark.parametrize("name", ["silence", "quiet", "telephone", "snr_10"])
def test_conditions_keep_the_sound_finite_and_at_its_rate(settings: Prepare, sound: Sound, name: str) -> None:
    heard = variation.heard(sound, name, settings, 3)
    assert name in variation.conditions(settings)
    assert np.isfinite(heard).all()
    assert len(heard) == pytest.approx(len(sound) + (settings.rate if name == "silence" else 0), abs=2)
