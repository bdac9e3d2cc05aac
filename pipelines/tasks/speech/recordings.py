"""Sound files: read with every fault named, resampled, and written."""

import io
import struct
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from pipelines import artifacts
from pipelines.errors import InputError
from pipelines.sources import files

Sound = NDArray[np.float32]
"""(samples,), from −1 to 1."""
KINDS = (".wav", ".flac", ".ogg", ".mp3")
LARGEST = 500_000_000
"""Bytes of a file."""
LOWEST_RATE, HIGHEST_RATE = 4000, 768_000
"""Samples a second. Below, there is no speech to be understood."""
SILENT = 1e-4
"""A channel whose samples deviate less from their mean is silent: 80 dB below full scale."""
MOST_CHANNELS = 64
UNKNOWN_SIZES = (0, 0xFFFFFFFF)
"""Of a `.wav` that was written as a stream."""
LAST_PAGE = 4
"""The mark of the last page of an `.ogg`."""
XING_SAMPLES = {3: 1152, 2: 576, 0: 576}
"""Samples of a frame of an `.mp3`, by the version in its header."""


def read(path: Path, rate: int, longest: float) -> Sound:
    """The sound of a file, all channels that are not silent mixed into one, at `rate` samples a second.

    Raise `InputError` for a file that is not sound, is empty, cut off, silent, longer than `longest` seconds, or has a sample that is no
    number. The length is checked before anything is decoded.
    """
    samples, own_rate = decoded(path, longest)
    return resampled(_mixed(path, samples), own_rate, rate)


def check(path: Path, longest: float) -> None:
    """Raise `InputError` as `read` does."""
    _mixed(path, decoded(path, longest)[0])


def decoded(path: Path, longest: float) -> tuple[NDArray[np.float32], int]:
    """(samples, channels) and samples a second; errors as `read`."""
    import soundfile

    if path.suffix.lower() not in KINDS:
        raise InputError(f"{path}: is not a {', '.join(KINDS[:-1])} or {KINDS[-1]} file; convert or remove it")
    files.check_size(path, LARGEST)
    size = path.stat().st_size
    if not size:
        raise InputError(f"{path}: is empty; record it again or remove it")
    with path.open("rb") as file:
        _check_wav(path, file, size)
        file.seek(0)
        _check_ogg(path, file, size)
        file.seek(0)
        try:
            with soundfile.SoundFile(file) as sound:
                _check_header(path, sound, longest)
                samples = sound.read(-1 if sound.frames >= 0 else 0, dtype="float32", always_2d=True)
                own_rate, promised, kind = sound.samplerate, sound.frames, sound.format
        except (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError) as error:
            raise InputError(f"{path}: is not a readable sound file ({_reason(error)}); export it again") from error
        file.seek(0)
        _check_end(path, file, kind, len(samples), promised)
    if not len(samples):
        raise InputError(f"{path}: holds no sound; record it again or remove it")
    if not np.isfinite(samples).all():
        raise InputError(f"{path}: has samples that are not numbers; export it again")
    return samples, own_rate


def _reason(error: Exception) -> str:
    text = str(error).rstrip(".")
    return text.rpartition(": ")[2] or type(error).__name__


def _check_header(path: Path, sound: Any, longest: float) -> None:
    if not LOWEST_RATE <= sound.samplerate <= HIGHEST_RATE:
        raise InputError(
            f"{path}: has {sound.samplerate:,} samples a second, and {LOWEST_RATE:,} to {HIGHEST_RATE:,} are read; export it with 16,000"
        )
    if sound.channels > MOST_CHANNELS:
        raise InputError(
            f"{path}: has {sound.channels} channels, and at most {MOST_CHANNELS} are read; export it with one"
        )
    if sound.frames > longest * sound.samplerate:
        raise InputError(
            f"{path}: lasts {sound.frames / sound.samplerate:,.1f} seconds, more than {longest:g}; cut it into utterances, or raise "
            "speech.collect.longest"
        )


def _mixed(path: Path, samples: NDArray[np.float32]) -> Sound:
    """The mean of the channels that are not silent, without its own mean."""
    samples = samples - samples.mean(0, dtype=np.float64).astype(np.float32)
    heard = np.abs(samples).max(0) > SILENT
    if not heard.any():
        raise InputError(f"{path}: is silent; record it again or remove it")
    return samples[:, heard].mean(1)


# Files that are cut off


def _check_wav(path: Path, file: IO[bytes], size: int) -> None:
    """Raise `InputError` if a chunk of a `.wav` is said to be longer than the file; libsndfile reads what there is."""
    if file.read(4) != b"RIFF":
        return
    place = 12
    while place + 8 <= size:
        file.seek(place)
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"data" and length in UNKNOWN_SIZES:
            return
        if place + 8 + length > size and name == b"data":
            raise InputError(
                f"{path}: is cut off: its header promises {length:,} bytes of sound, {size - place - 8:,} follow; copy or record it again"
            )
        place += 8 + length + length % 2


def _check_ogg(path: Path, file: IO[bytes], size: int) -> None:
    """Raise `InputError` if the last page of an `.ogg` is missing or incomplete; libsndfile decodes as far as it goes."""
    place, flags = 0, LAST_PAGE
    while place < size:
        file.seek(place)
        header = file.read(27)
        if header[:4] != b"OggS":
            if place == 0:
                return
            break
        flags = header[5] if len(header) == 27 else 0
        segments = file.read(header[26]) if len(header) == 27 else b""
        place += len(header) + len(segments) + sum(segments)
    if place > size or not flags & LAST_PAGE:
        raise InputError(f"{path}: is cut off; copy or record it again")


def _check_end(path: Path, file: IO[bytes], kind: str, read: int, promised: int) -> None:
    """Raise `InputError` for compressed sound without its end, which libsndfile decodes as far as it goes."""
    missing = read < promised
    if kind in ("MP3", "MPEG"):
        frames = _frames_of_mp3(file.read(8192))
        # An encoder's delay and padding are not heard.
        missing |= frames is not None and read < (frames[0] - 4) * frames[1]
    if missing:
        raise InputError(f"{path}: is cut off; copy or record it again")


def _frames_of_mp3(begin: bytes) -> tuple[int, int] | None:
    """How many frames an `.mp3` is said to have, and samples of each; None if it does not say so."""
    for mark in (b"Xing", b"Info"):
        found = begin.find(mark)
        header = max(
            begin.rfind(b"\xff\xfb", 0, found), begin.rfind(b"\xff\xf3", 0, found), begin.rfind(b"\xff\xe3", 0, found)
        )
        if found > 0 and header >= 0 and begin[found + 7] & 1:
            return int.from_bytes(begin[found + 8 : found + 12], "big"), XING_SAMPLES.get(
                begin[header + 1] >> 3 & 3, 576
            )
    return None


# Rates


def resampled(sound: Sound, own_rate: int, rate: int) -> Sound:
    """By soxr, as librosa does by default."""
    if own_rate == rate:
        return sound
    import soxr

    return np.asarray(soxr.resample(sound, own_rate, rate, "HQ"), np.float32)


def write(path: Path, sound: NDArray[Any], rate: int) -> None:
    """Write `.wav` with 16 bits, `.flac`, `.ogg` or `.mp3`, as the name says."""
    import soundfile

    content = io.BytesIO()
    soundfile.write(content, sound, rate, format=path.suffix.removeprefix("."))
    path.parent.mkdir(parents=True, exist_ok=True)
    with artifacts.replacing(path) as partial:
        partial.write_bytes(content.getvalue())
