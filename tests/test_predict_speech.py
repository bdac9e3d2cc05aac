"""`python -m pipelines predict speech …`, with a network of the tiny graph."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.test_predict import Predict, answers, predict, refused  # noqa: F401 (a fixture)

pytestmark = pytest.mark.graph


@pytest.fixture
def spoken(tiny: Path) -> Path:
    """A recording of the sample."""
    return sorted((tiny / "data" / "raw" / "speech" / "sounds").glob("*.wav"))[-1]


def test_predict_speech_gives_the_text_and_times_of_each_recording(
    predict: Predict,  # noqa: F811
    spoken: Path,
    tmp_path: Path,
) -> None:
    sound, rate = soundfile.read(spoken)
    other = tmp_path / "stereo.flac"
    soundfile.write(other, np.stack([sound, np.zeros_like(sound)], axis=1), rate, subtype="PCM_24")
    first, second = answers(predict, "speech", str(spoken), str(other))
    assert {"file", "text", "words", "seconds", "model", "trained_seed"} == set(first)
    assert first["text"] == second["text"]
    assert first["seconds"] == pytest.approx(len(sound) / rate, abs=0.01)
    for word in first["words"]:
        assert 0 <= word["start"] <= word["end"] <= first["seconds"]


def test_predict_speech_prints_times(predict: Predict, spoken: Path) -> None:  # noqa: F811
    done = predict("speech", str(spoken), "--times")
    assert done.status == 0, done.stderr


@pytest.mark.parametrize(("name", "content", "sentence"), [
    ("a.wav", b"", "is empty"),
    ("a.txt", b"one", "is not a .wav, .flac, .ogg or .mp3 file"),
    ("a.mp3", b"no sound in here", "is not a readable sound file"),
])  # fmt: skip
def test_predict_speech_refuses_what_is_not_sound(
    predict: Predict,  # noqa: F811
    tmp_path: Path,
    name: str,
    content: bytes,
    sentence: str,
) -> None:
    (tmp_path / name).write_bytes(content)
    error = refused(predict, 1, "speech", str(tmp_path / name))
    assert sentence in error
    assert error.count("\n") == 1


def test_predict_speech_names_a_file_that_is_not_there(predict: Predict) -> None:  # noqa: F811
    assert "there is no such file" in refused(predict, 1, "speech", "gone.wav")


def test_predict_speech_without_a_file_is_wrong_usage(predict: Predict) -> None:  # noqa: F811
    refused(predict, 2, "speech")
