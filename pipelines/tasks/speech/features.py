"""Log-mel spectrograms: librosa's numbers, from one real Fourier transform of all windows and a filter bank that is computed once."""

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipelines.tasks.speech.params import Prepare
from pipelines.tasks.speech.recordings import Sound

Spectrogram = NDArray[np.float32]
"""(frames, bands): decibels below the loudest band of the utterance, from `-top_db` to 0."""
PIECE = 4096
"""Windows that are transformed at a time, so that memory does not grow with the sound."""
LEAST = 1e-10
"""Of the power, as librosa's `amin`."""


def spectrogram(sound: Sound, params: Prepare) -> Spectrogram:
    """As `librosa.power_to_db(librosa.feature.melspectrogram(…), ref=np.max, top_db=…)`, transposed, of the trimmed and padded sound."""
    margin = round(params.pad * params.rate)
    return log_mel(np.pad(trimmed(sound, params)[0], margin), params)


def log_mel(sound: Sound, params: Prepare) -> Spectrogram:
    """The log-mel spectrogram of a sound as it is."""
    power = np.concatenate(list(_mel_power(sound, params)))
    level = 10 * np.log10(np.maximum(power, LEAST))
    loudest = level.max()
    return (np.maximum(level, loudest - params.top_db) - loudest).astype(np.float32)


def _mel_power(sound: Sound, params: Prepare) -> Iterator[NDArray[np.float32]]:
    """Power in each band, (windows, bands), a piece at a time; the first window is centred at the first sample."""
    import scipy.fft

    window, bank = window_and_bank(params)
    padded = np.pad(sound, params.n_fft // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, params.n_fft)[:: params.hop_length]
    for start in range(0, len(windows), PIECE):
        spectrum = scipy.fft.rfft(windows[start : start + PIECE] * window, axis=-1)
        yield (np.square(spectrum.real) + np.square(spectrum.imag)) @ bank


def window_and_bank(params: Prepare) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Hann's window, (n_fft,); and the bands' weights, (1 + n_fft / 2, bands)."""
    return _window(params.n_fft), _bank(params.rate, params.n_fft, params.n_mels, params.fmin, params.fmax)


@cache
def _window(n_fft: int) -> NDArray[np.float32]:
    """Hann's, periodic."""
    import librosa

    return np.asarray(librosa.filters.get_window("hann", n_fft), np.float32)


@cache
def _bank(rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> NDArray[np.float32]:
    """(1 + n_fft / 2, bands)."""
    import librosa

    return np.ascontiguousarray(librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax).T)


def trimmed(sound: Sound, params: Prepare) -> tuple[Sound, int]:
    """Without the silence at both ends; and how many samples were cut off at the beginning."""
    if params.trim_db is None:
        return sound, 0
    import librosa

    kept, (start, _) = librosa.effects.trim(
        sound, top_db=params.trim_db, frame_length=params.n_fft, hop_length=params.hop_length
    )
    return np.asarray(kept, np.float32), int(start)


def frames_of(samples: int, params: Prepare) -> int:
    """How many frames the spectrogram of so many samples has."""
    return 1 + samples // params.hop_length


def steps_of(frames: int, stride: int) -> int:
    """How many steps of the recurrent layers so many frames make."""
    return -(-frames // stride)
