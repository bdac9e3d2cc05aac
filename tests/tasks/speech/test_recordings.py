"""Sound files of every kind, and what is wrong with some."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipelines.errors import InputError
from pipelines.tasks.speech import recordings

RATE = 8000


def tone(seconds: float = 0.5, rate: int = 16_000, hertz: float = 440.0) -> np.ndarray:
    return 0.4 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def loudest_hertz(sound: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(sound)).argmax() * RATE / len(sound))


@pytest.mark.parametrize(
    ("name", "rate", "options"),
    [
        ("a.wav", 16_000, {"subtype": "PCM_U8"}),
        ("a.wav", 44_100, {"subtype": "PCM_24"}),
        ("a.wav", 96_000, {"subtype": "PCM_16"}),
        ("a.wav", 8_000, {"subtype": "ULAW"}),
        ("a.wav", 22_050, {"subtype": "FLOAT"}),
        ("a.flac", 48_000, {}),
        ("a.ogg", 16_000, {}),
        ("a.mp3", 16_000, {}),
        ("A.WAV", 16_000, {"format": "WAV"}),
    ],
)
def test_read_resamples_sound_of_any_kind(tmp_path: Path, name: str, rate: int, options: dict[str, str]) -> None:
    soundfile.write(tmp_path / name, tone(rate=rate), rate, **options)
    sound = recordings.read(tmp_path / name, RATE, 30)
    assert sound.dtype == np.float32
    assert len(sound) == pytest.approx(RATE / 2, abs=RATE * 0.15)
    assert loudest_hertz(sound) == pytest.approx(440, abs=5)


def test_read_takes_the_channel_that_is_not_dead(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.stack([tone(), np.zeros(8000)], axis=1), 16_000)
    soundfile.write(tmp_path / "b.wav", tone(), 16_000)
    one, other = (recordings.read(tmp_path / name, RATE, 30) for name in ("a.wav", "b.wav"))
    np.testing.assert_allclose(one, other, atol=1e-4)


def written(path: Path, samples: np.ndarray, rate: int = 16_000, **options: str) -> Path:
    soundfile.write(path, samples, rate, **options)
    return path


def cut(path: Path, share: float) -> Path:
    path.write_bytes(path.read_bytes()[: round(path.stat().st_size * share)])
    return path


def empty(folder: Path) -> Path:
    (folder / "a.wav").write_bytes(b"")
    return folder / "a.wav"


def huge_header(folder: Path) -> Path:
    path = written(folder / "a.wav", tone())
    content = bytearray(path.read_bytes())
    content[40:44] = struct.pack("<I", 2**31)
    path.write_bytes(content)
    return path


def text(folder: Path) -> Path:
    (folder / "a.wav").write_text("not sound at all")
    return folder / "a.wav"


def not_numbers(folder: Path) -> Path:
    samples = tone().astype(np.float32)
    samples[7] = np.nan
    return written(folder / "a.wav", samples, subtype="FLOAT")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (empty, "a.wav: is empty"),
        (text, "is not a readable sound file"),
        (huge_header, "is cut off: its header promises 2,147,483,648 bytes of sound"),
        (not_numbers, "has samples that are not numbers"),
        (lambda folder: cut(written(folder / "a.wav", tone()), 0.5), "is cut off: its header promises 16,000 bytes"),
        (lambda folder: cut(written(folder / "a.ogg", tone(3)), 0.5), "a.ogg: is cut off"),
        (lambda folder: cut(written(folder / "a.mp3", tone(3)), 0.5), "a.mp3: is cut off"),
        (lambda folder: cut(written(folder / "a.flac", tone(3)), 0.5), "a.flac: is"),
        (lambda folder: written(folder / "a.wav", np.zeros(8000)), "a.wav: is silent"),
        (lambda folder: written(folder / "a.wav", np.full(8000, 0.5)), "a.wav: is silent"),
        (lambda folder: written(folder / "a.wav", np.zeros(0)), "a.wav: holds no sound"),
        (lambda folder: written(folder / "a.wav", tone(31)), "lasts 31.0 seconds, more than 30"),
        (lambda folder: written(folder / "a.wav", tone(rate=2000), 2000), "has 2,000 samples a second"),
        (lambda folder: written(folder / "a.aiff", tone()), "is not a .wav, .flac, .ogg or .mp3 file"),
    ],
)
def test_read_names_what_is_wrong(tmp_path: Path, make: Callable[[Path], Path], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence.replace(".", r"\.")):
        recordings.read(make(tmp_path), RATE, 30)


@pytest.mark.parametrize("name", ["a.ogg", "a.mp3", "a.flac", "a.wav"])
def test_read_does_not_take_whole_files_for_cut_ones(tmp_path: Path, name: str) -> None:
    for seconds in (0.3, 1.0, 2.7):
        recordings.read(written(tmp_path / name, tone(seconds)), RATE, 30)
