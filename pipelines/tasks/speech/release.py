"""The networks of the task as functions from the samples of a recording to its text."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pipelines.nn.export import Input, RawFunction
from pipelines.tasks.speech import features
from pipelines.tasks.speech.data import MASK, SOUND, SpeechTarget
from pipelines.tasks.speech.params import Params, Prepare
from pipelines.tasks.speech.train import Meta

__all__ = ["LIMITS", "PIPELINE", "USE", "Meta", "raw_function"]
PIPELINE = "automatic-speech-recognition"
USE = "Writes down what is said in a short recording, in words like those that it was trained on: for study."
LIMITS = (
    "It spells: a word that training did not have is written as it sounds, mostly wrong.",
    "Trained on the sample, it has heard synthetic voices alone, and knows digits, some commands and short phrases made of them.",
    "It was tested on short recordings of one voice; long ones, music and several voices were not tried.",
)
Tensor = Any


def raw_function(network: keras.Model, meta: Meta, target: str, params: Params, prepared: Path) -> RawFunction:
    """`samples` (samples,) of one channel -> `text`."""
    info = meta.transcript
    settings = info.prepare
    letters = tf.constant(["", *info.alphabet])

    def call(samples: Tensor) -> dict[str, Tensor]:
        margin = round(settings.pad * settings.rate)
        kept = samples if settings.trim_db is None else _trimmed(samples, settings, settings.trim_db)
        spectrogram = _log_mel(tf.pad(kept, [[margin, margin]]), settings)
        sound = _scaled(spectrogram, info)[None]
        mask = tf.ones((1, tf.shape(sound)[1]), tf.bool)
        symbols = tf.argmax(network({SOUND: sound, MASK: mask}, training=False)[0], -1)
        changed = tf.concat([[True], symbols[1:] != symbols[:-1]], 0)
        spelled = tf.strings.reduce_join(tf.gather(letters, tf.boolean_mask(symbols, changed & (symbols > 0))))
        return {"text": tf.strings.strip(tf.strings.regex_replace(spelled, " +", " "))}

    meaning = f"the samples of one channel at {settings.rate:,} a second, from −1 to 1"
    return RawFunction(
        call,
        {"samples": Input((None,), "float32", meaning, f"[0.1 * (-1) ** (n // 20) for n in range({settings.rate})]")},
        {"text": "what is said, in small letters"},
        limits=(
            "It takes the likeliest character of each step; `gatehouse predict` searches for the likeliest words.",
        ),
    )


def _trimmed(samples: Tensor, settings: Prepare, top_db: float) -> Tensor:
    """`features.trimmed`: without what is quieter than the loudest frame by more than `top_db` decibels, at both ends."""
    half = settings.n_fft // 2
    frames = tf.signal.frame(tf.pad(samples, [[half, half]]), settings.n_fft, settings.hop_length)
    level = _decibels(tf.reduce_mean(tf.square(frames), -1))
    loud = tf.cast(tf.where(level - tf.reduce_max(level) > -top_db)[:, 0], tf.int32)
    start, end = loud[0] * settings.hop_length, (loud[-1] + 1) * settings.hop_length
    return samples[start : tf.minimum(end, tf.shape(samples)[0])]


def _log_mel(samples: Tensor, settings: Prepare) -> Tensor:
    """`features.log_mel`: decibels below the loudest band, (frames, bands)."""
    half = settings.n_fft // 2
    frames = tf.signal.frame(tf.pad(samples, [[half, half]]), settings.n_fft, settings.hop_length)
    window, bank = features.window_and_bank(settings)
    power = tf.square(tf.abs(tf.signal.rfft(frames * window))) @ bank
    level = _decibels(power)
    loudest = tf.reduce_max(level)
    return tf.maximum(level, loudest - settings.top_db) - loudest


def _decibels(power: Tensor) -> Tensor:
    return 10 * tf.math.log(tf.maximum(power, features.LEAST)) / np.log(10).astype(np.float32)


def _scaled(spectrogram: Tensor, info: SpeechTarget) -> Tensor:
    """`SpeechTarget.scaled`."""
    return (spectrogram - np.array(info.mean, np.float32)) / np.array(info.deviation, np.float32)
