"""Speech from eSpeak NG, whose shared library and voices are in the wheel of espeakng-loader."""

import ctypes
import multiprocessing
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import SourceError
from pipelines.tasks.speech import recordings
from pipelines.tasks.speech.sample import Utterance

SHARDS = 4
"""Processes among which the utterances are shared out. What eSpeak NG says depends on what it has said before, so that their number
must not depend on the machine."""
SYNCHRONOUS, DO_NOT_EXIT, UTF8 = 2, 0x8000, 1
RATE, PITCH = 1, 3
"""Numbers of eSpeak NG's interface (`speak_lib.h`)."""
Job = tuple[Utterance, Path]


def write(utterances: Sequence[Utterance], files: Sequence[Path]) -> None:
    """Write each utterance as a `.wav` of eSpeak NG's own rate; the same files every time. Raise `SourceError` if it cannot speak."""
    jobs = list(zip(utterances, files, strict=True))
    cuts = np.linspace(0, len(jobs), SHARDS + 1).astype(int)
    context = multiprocessing.get_context("spawn")
    # A new process for each: one that has spoken before would speak differently.
    with context.Pool(min(SHARDS, context.cpu_count()), maxtasksperchild=1) as pool:
        for fault in pool.imap(_write, [jobs[start:end] for start, end in pairwise(cuts)]):
            if fault:
                raise SourceError(
                    f"eSpeak NG, which speaks the sample, {fault}; put recordings of your own into data/input/speech"
                )


def _write(jobs: Sequence[Job]) -> str | None:
    try:
        voice = Voice()
        for utterance, file in jobs:
            recordings.write(file, voice.speak(utterance), voice.rate)
    except SourceError as error:
        return str(error)
    return None


class Voice:
    """The library, which one process can load once."""

    def __init__(self) -> None:
        import espeakng_loader

        try:
            self.library = ctypes.CDLL(espeakng_loader.get_library_path())
        except OSError as error:
            raise SourceError(f"cannot be loaded ({error})") from error
        folder = espeakng_loader.get_data_path().encode()
        self.rate = self.library.espeak_Initialize(SYNCHRONOUS, 0, folder, DO_NOT_EXIT)
        if self.rate <= 0:
            raise SourceError("does not find its voices")
        self.pieces: list[NDArray[np.int16]] = []
        callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self.callback = callback(self._take)  # kept: the library calls it
        self.library.espeak_SetSynthCallback(self.callback)

    def _take(self, samples: Any, count: int, events: Any) -> int:
        if samples and count:
            self.pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def speak(self, utterance: Utterance) -> NDArray[np.int16]:
        """(samples,) at `rate`."""
        self.pieces.clear()
        self.library.espeak_ng_SetRandSeed(1)  # of the noise in some voices; otherwise the time of day
        if self.library.espeak_SetVoiceByName(utterance.voice.encode()):
            raise SourceError(f"has no voice {utterance.voice}")
        self.library.espeak_SetParameter(RATE, utterance.rate, 0)
        self.library.espeak_SetParameter(PITCH, utterance.pitch, 0)
        text = utterance.text.encode()
        self.library.espeak_Synth(text, len(text) + 1, 0, 0, 0, UTF8, None, None)
        if not self.pieces:
            raise SourceError(f"says nothing for {utterance.text!r}")
        return np.concatenate(self.pieces)
