"""Clips: whole ones of which a few bytes are changed, taken out or doubled."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.tasks.video import decoding
from tests.fuzz.bounds import success_or_sentence
from tests.tasks.video import clips

KINDS = ((".mp4", "libx264"), (".mkv", "libx264"), (".avi", "mpeg4"), (".webm", "libvpx"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for suffix, codec in KINDS:
        clips.write(folder / f"whole{suffix}", frames=8, codec=codec)
    return folder


@given(
    kind=st.sampled_from(KINDS),
    place=st.floats(0, 1),
    removed=st.integers(0, 40),
    added=st.binary(max_size=40),
)
def test_damaged_clip_is_read_or_ends_in_one_sentence(
    whole: Path, kind: tuple[str, str], place: float, removed: int, added: bytes
) -> None:
    content = (whole / f"whole{kind[0]}").read_bytes()
    at = int(place * len(content))
    path = whole / f"damaged{kind[0]}"
    path.write_bytes(content[:at] + added + content[at + removed :])
    frames = success_or_sentence(lambda: decoding.read(path, 4, [16]))
    assert frames is None or frames[0].shape == (4, 16, 16, 3)


@given(content=st.binary(max_size=400), suffix=st.sampled_from(decoding.SUFFIXES))
def test_any_bytes_are_read_or_end_in_one_sentence(whole: Path, content: bytes, suffix: str) -> None:
    path = whole / f"bytes{suffix}"
    path.write_bytes(content)
    success_or_sentence(lambda: decoding.check(path))
