"""Sound as it might also have been heard: faster, in a room, with noise, after silence, on a telephone."""

import numpy as np
from numpy.typing import NDArray

from pipelines.tasks.speech.params import Augmentation, Prepare
from pipelines.tasks.speech.recordings import Sound, resampled

TELEPHONE = (300.0, 3400.0)
"""Hz, the band of a telephone (ITU-T G.712)."""
FEWEST = 16
"""Samples of an echo, below which there is none."""
STEPS = 1000
"""Speeds are rounded to such parts."""


def augmented(sound: Sound, params: Prepare, random: np.random.Generator) -> Sound:
    """One variant of a training utterance, decided by `random` alone."""
    augment: Augmentation = params.augment
    speed = random.uniform(*augment.speeds)
    tilt, seconds = random.uniform(-augment.filter_db, augment.filter_db), random.uniform(0, augment.reverberation)
    noise_db, colour = random.uniform(*augment.noise_db), random.uniform(0, 2)
    before, after = (round(random.uniform(0, augment.silence) * params.rate) for _ in range(2))
    if round(speed * STEPS) != STEPS:
        sound = resampled(sound, round(speed * STEPS), STEPS)
    sound = np.pad(sound, (before, after))
    if tilt:
        sound = tilted(sound, tilt)
    if seconds:
        sound = reverberant(sound, seconds, params.rate, random)
    return noisy(sound, noise_db, colour, random)


def tilted(sound: Sound, decibels: float) -> Sound:
    """With a spectrum that rises by so many decibels from the lowest to the highest frequency, evenly in Hz."""
    from scipy import fft

    size = fft.next_fast_len(len(sound), real=True)
    spectrum = fft.rfft(sound, size)
    gain = 10 ** (np.linspace(-decibels / 2, decibels / 2, len(spectrum), dtype=np.float32) / 20)
    return np.asarray(fft.irfft(spectrum * gain, size)[: len(sound)], np.float32)


def reverberant(sound: Sound, seconds: float, rate: int, random: np.random.Generator) -> Sound:
    """In a room whose sound falls by 60 dB in `seconds`: noise that decays exponentially, 12 dB below the direct sound (Polack 1988)."""
    import scipy.signal

    if seconds * rate < FEWEST:
        return sound
    time = np.arange(1, round(seconds * rate), dtype=np.float32)
    tail = random.standard_normal(len(time), np.float32) * 10 ** (-3 * time / np.float32(seconds * rate))
    tail *= 0.25 / np.sqrt(np.square(tail).sum())
    return np.asarray(scipy.signal.oaconvolve(sound, np.append(np.float32(1), tail))[: len(sound)], np.float32)


def noisy(sound: Sound, decibels: float, colour: float, random: np.random.Generator) -> Sound:
    """With noise so many decibels below it, whose power falls with frequency to the power of `colour`: 0 white, 1 pink, 2 brown."""
    from scipy import fft

    size = fft.next_fast_len(len(sound), real=True)
    spectrum = fft.rfft(random.standard_normal(size, np.float32))
    spectrum *= np.maximum(np.arange(len(spectrum), dtype=np.float32), 1) ** np.float32(-colour / 2)
    noise = fft.irfft(spectrum, size)[: len(sound)]
    scale = np.sqrt(_power(sound) / max(_power(noise), 1e-30) * 10 ** (-decibels / 10))
    return (sound + scale * noise).astype(np.float32)


def _power(sound: NDArray[np.floating]) -> float:
    return float(np.square(sound, dtype=np.float64).mean())


# Conditions of the test part


def conditions(params: Prepare) -> dict[str, str]:
    """By their names in metrics, the ways in which the test part is heard again, in words."""
    return {
        **{f"snr_{decibels:g}": f"noise, {decibels:g} dB" for decibels in params.noise_db},
        "silence": f"{params.silence:g} s of silence before",
        "quiet": f"{params.volume:.0%} of the volume",
        "telephone": "telephone (8 kHz, 300 to 3,400 Hz)",
    }


def heard(sound: Sound, condition: str, params: Prepare, seed: int) -> Sound:
    """A test utterance in one of `conditions`; `seed` decides on the noise."""
    if condition == "silence":
        return np.pad(sound, (round(params.silence * params.rate), 0))
    if condition == "quiet":
        return (params.volume * sound).astype(np.float32)
    if condition == "telephone":
        return _telephone(sound, params.rate)
    return noisy(sound, float(condition.removeprefix("snr_")), 1.0, np.random.default_rng(seed))


def _telephone(sound: Sound, rate: int) -> Sound:
    """At 8,000 samples a second of 16 bits, and back, in a telephone's band."""
    import scipy.signal

    narrow = resampled(sound, rate, 8000)
    band = scipy.signal.butter(4, TELEPHONE, "bandpass", fs=8000, output="sos")
    narrow = scipy.signal.sosfilt(band, narrow)
    narrow = np.round(np.clip(narrow, -1, 1) * 32767) / 32768
    return resampled(narrow.astype(np.float32), 8000, rate)
