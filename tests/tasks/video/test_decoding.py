"""Frames are spread evenly over time, upright and opaque; what is not a clip ends in one sentence."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipelines.errors import InputError
from pipelines.tasks.video import decoding
from tests.tasks.video import clips


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mp4", "libx264"), (".mkv", "libx264"), (".avi", "mpeg4"), (".webm", "libvpx")]
)
def test_frames_are_the_middles_of_equal_parts(tmp_path: Path, suffix: str, codec: str) -> None:
    path = clips.write(tmp_path / f"clip{suffix}", frames=24, codec=codec)
    (frames,) = decoding.read(path, 8, [16])
    assert frames.shape == (8, 16, 16, 3)
    assert np.abs(np.array(clips.indices(frames)) - [1, 4, 7, 10, 13, 16, 19, 22]).max() <= 1


def test_more_frames_than_the_clip_has_repeat_some(tmp_path: Path) -> None:
    (frames,) = decoding.read(clips.write(tmp_path / "clip.mp4", frames=4), 8, [16])
    assert clips.indices(frames) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_variable_frame_rate_is_sampled_by_time_not_by_frames(tmp_path: Path) -> None:
    # Ten frames in the first 0.1 seconds, then one that is shown until 0.55, and a last one.
    times = [*range(0, 100, 10), 100, 550]
    path = clips.write(tmp_path / "clip.mkv", frames=len(times), times=times)
    (frames,) = decoding.read(path, 5, [16])
    assert clips.indices(frames) == [5, 10, 10, 10, 10]


def test_long_clip_is_read_by_seeking_with_the_same_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clips.write(tmp_path / "clip.mp4", frames=58, key_every=10)
    (in_order,) = decoding.read(path, 6, [16])
    monkeypatch.setattr(decoding, "DECODED", 1)
    monkeypatch.setattr(decoding, "_in_order", lambda *_: pytest.fail("it is decoded in order"))
    (sought,) = decoding.read(path, 6, [16])
    assert clips.indices(sought) == clips.indices(in_order)


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    code = (
        "import resource, sys; from pathlib import Path; from pipelines.tasks.video import decoding; "
        "decoding.read(Path(sys.argv[1]), 8, [32]); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )

    def peak(frames: int) -> int:
        """Kilobytes; FFmpeg's own buffers count."""
        path = clips.write(tmp_path / f"{frames}.mp4", frames=frames, size=(240, 320), key_every=12)
        done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert peak(600) < peak(30) + 40_000  # its pictures alone would take 69 MB


def test_an_hour_is_sampled_without_being_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clips.write(tmp_path / "hour.mkv", frames=20, times=[180_000 * index for index in range(20)], key_every=1)
    monkeypatch.setattr(decoding, "DECODED", 1)
    monkeypatch.setattr(decoding, "_in_order", lambda *_: pytest.fail("it is decoded in order"))
    (frames,) = decoding.read(path, 4, [16])
    assert clips.indices(frames) == [2, 7, 11, 16]


def test_rotation_of_the_metadata_is_respected(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:, :32] = 255  # its left half is bright
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", 24)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        for _ in range(4):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    clips.turned(path)
    (frames,) = decoding.read(path, 2, [16])
    # Turned clockwise, the left half comes to lie above.
    assert frames[0, :7].mean() > 240
    assert frames[0, 9:].mean() < 15


def test_transparent_pictures_are_laid_over_the_background(tmp_path: Path) -> None:
    path = tmp_path / "clip.gif"
    write_gif(path)
    (frames,) = decoding.read(path, 2, [16], "#ff0000")
    assert frames[0, 0, 0].tolist() == [255, 0, 0]
    assert np.abs(frames[0, 8, 8].astype(int) - [0, 0, 255]).max() < 40


def write_gif(path: Path) -> None:
    """A blue square on nothing, in two frames."""
    picture = np.zeros((32, 32, 4), np.uint8)
    picture[8:24, 8:24] = (0, 0, 255, 255)
    moved = np.roll(picture, 2, axis=1)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("gif", 10)
        stream.height, stream.width, stream.pix_fmt = 32, 32, "pal8"
        graph: Any = av.filter.Graph()
        source = graph.add_buffer(width=32, height=32, format="rgba", time_base=Fraction(1, 10))
        split, use = graph.add("split"), graph.add("paletteuse")
        palette, sink = graph.add("palettegen", "reserve_transparent=1"), graph.add("buffersink")
        source.link_to(split)
        split.link_to(use, 0, 0)
        split.link_to(palette, 1, 0)
        palette.link_to(use, 0, 1)
        use.link_to(sink)
        graph.configure()
        for index, pixels in enumerate((picture, moved)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgba")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            source.push(frame)
        source.push(None)
        while True:
            try:
                container.mux(stream.encode(sink.pull()))
            except (av.EOFError, av.BlockingIOError):
                break
        container.mux(stream.encode())


def test_two_sizes_come_from_one_pass(tmp_path: Path) -> None:
    large, small = decoding.read(clips.write(tmp_path / "clip.mp4"), 4, [32, 8])
    assert large.shape == (4, 32, 32, 3)
    assert small.shape == (4, 8, 8, 3)
    assert clips.indices(large) == clips.indices(small)


# Bad clips


def test_text_called_mp4(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_text("not a video\n" * 100)
    with pytest.raises(InputError, match=r"clip\.mp4: cannot be read as a video .*convert or remove it"):
        decoding.check(path)


def test_other_suffix(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a video\n")
    with pytest.raises(InputError, match=r"notes\.txt: is not a video of a kind that is read"):
        decoding.check(path)


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.touch()
    with pytest.raises(InputError, match="cannot be read as a video"):
        decoding.check(path)


def test_clip_of_one_frame(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="shows only one picture, so nothing happens in it"):
        decoding.check(clips.write(tmp_path / "clip.mp4", frames=1))


def test_clip_without_pictures(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("aac", 16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(InputError, match="holds no pictures"):
        decoding.check(path)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_clip_that_is_cut_off(tmp_path: Path, suffix: str) -> None:
    path = clips.write(tmp_path / f"clip{suffix}", frames=120, size=(240, 320), key_every=10)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with pytest.raises(InputError, match=r"cut off|cannot be read as a video"):
        decoding.check(path)
