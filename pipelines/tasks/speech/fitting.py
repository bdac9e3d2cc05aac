"""Whether a transcript can be what is said in a sound at all."""

import numpy as np

from pipelines.nn.alignment import fits
from pipelines.printing import quoted
from pipelines.tasks.speech import features
from pipelines.tasks.speech.params import Prepare


def misfit(text: str, samples: int, frames: int, params: Prepare) -> str | None:
    """Why `text` cannot be aligned with so many `samples` of sound, or with the shortest spectrogram made of them; None if it can.

    CTC writes one symbol a step at most, and a blank between two that are the same.
    """
    label = np.array([ord(character) for character in text])
    seconds = samples / params.rate
    if not fits(label, features.frames_of(samples, params)):
        return f"{seconds:.2f} s of sound are too short for {quoted(text)}; correct the transcript or the recording"
    steps = features.steps_of(frames, params.stride)
    if not fits(label, steps):
        return (
            f"its {steps} steps of {1000 * params.stride * params.hop_length / params.rate:g} ms are too few for {quoted(text)}; lower "
            "prepare.strides or prepare.hop_length, or raise prepare.pad"
        )
    return None
