"""Frames of a clip, spread evenly over its time, whatever its frame rate, size and length; bounded in memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InputError

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.reformatter import VideoReformatter
    from av.video.stream import VideoStream

SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".gif")
MOST_PIXELS = 2**26
"""Of a picture: one of this size takes 200 MB."""
DECODED = 64
"""Frames that are decoded for each that is kept, at most: where there would be more, the container is asked to seek."""
CUT_OFF = 0.8
"""A clip whose pictures end before this share of its stated length is cut off."""


def read(path: Path, count: int, sides: Sequence[int], background: str = "#ffffff") -> list[NDArray[np.uint8]]:
    """`count` frames of a clip, for each of `sides` (count, side, side, 3), in RGB.

    Its time is divided into `count` equal parts, and the picture is taken that is shown in the middle of each. Pictures are turned as
    their metadata say, laid over `background` where they are transparent, and stretched to a square. At most `DECODED * count` pictures
    are decoded, or as many as lie between two key frames of the file. Raise `InputError` for what is not a video, has no picture or only
    one, or is cut off.
    """
    import av
    from av.video.reformatter import VideoReformatter

    try:
        with _opened(path) as (container, stream):
            length = _seconds(path, container, stream)
            moments = (np.arange(count) + 0.5) / count * length
            rate = float(stream.average_rate or stream.guessed_rate or 25)
            seek = length * rate > DECODED * count
            shown = (_by_seeking if seek else _in_order)(path, container, stream, moments)
            frames: list[list[NDArray[np.uint8]]] = []
            last, pictures = None, set[float]()
            scalers = {side: VideoReformatter() for side in sides}  # each keeps what it has set up for its size
            for frame in shown:
                if frame is not last:
                    frames.append([_squared(frame, side, background, scaler) for side, scaler in scalers.items()])
                    pictures.add(_time(frame))
                else:
                    frames.append(frames[-1])
                last = frame
    except av.FFmpegError as error:
        raise InputError(f"{path}: cannot be read as a video ({_reason(error)}); convert or remove it") from error
    if len(pictures) < 2:
        raise InputError(f"{path}: shows only one picture, so nothing happens in it; remove it, or take a longer clip")
    return [np.stack([frame[index] for frame in frames]) for index in range(len(sides))]


def check(path: Path) -> None:
    """Raise `InputError` for a file that `read` refuses."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: is not a video of a kind that is read ({', '.join(SUFFIXES)}); convert or remove it")
    read(path, 4, [8])


@contextmanager
def _opened(path: Path) -> Iterator[tuple["InputContainer", "VideoStream"]]:
    import av

    with av.open(str(path)) as container:
        if not container.streams.video:
            raise InputError(f"{path}: holds no pictures; convert or remove it")
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1  # files are read side by side
        if stream.codec_context.width * stream.codec_context.height > MOST_PIXELS:
            raise InputError(
                f"{path}: its pictures have {stream.codec_context.width} × {stream.codec_context.height} pixels, more than the "
                f"{MOST_PIXELS:,} that are read; scale it down"
            )
        yield container, stream


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or type(error).__name__)


# Time


def _seconds(path: Path, container: "InputContainer", stream: "VideoStream") -> float:
    """Length of the video; where the file does not state it, its packets are counted, which are read but not decoded."""
    import av

    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return float(container.duration / av.time_base)
    end = 0.0
    for packet in container.demux(stream):
        if packet.pts is not None and packet.time_base:
            end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    container.seek(0)
    if not end:
        raise InputError(f"{path}: does not say how long it is; convert or remove it")
    return end


def _start(stream: "VideoStream") -> float:
    return float(stream.start_time * stream.time_base) if stream.start_time and stream.time_base else 0.0


def _time(frame: "VideoFrame") -> float:
    return float(frame.time) if frame.time is not None else 0.0


def _in_order(
    path: Path, container: "InputContainer", stream: "VideoStream", moments: NDArray[np.float64]
) -> Iterator["VideoFrame"]:
    """For each moment the picture that is shown then, from one pass over the file."""
    start, step = _start(stream), 1 / float(stream.average_rate or stream.guessed_rate or 25)
    index, count, before, time = 0, 0, None, 0.0
    for frame in container.decode(stream):
        time = frame.time - start if frame.time is not None else count * step
        while index < len(moments) and before is not None and moments[index] < time:
            yield before
            index += 1
        before, count = frame, count + 1
    if before is None:
        raise InputError(f"{path}: holds no pictures that can be decoded; convert or remove it")
    length = _length(moments)
    shown = float(before.duration * before.time_base) if before.duration and before.time_base else step
    if time + shown < CUT_OFF * length:
        raise InputError(f"{path}: {_cut_off(time, length)}")
    for _ in range(index, len(moments)):
        yield before


def _by_seeking(
    path: Path, container: "InputContainer", stream: "VideoStream", moments: NDArray[np.float64]
) -> Iterator["VideoFrame"]:
    """The same, decoding from the key frame before each moment."""
    start, length = _start(stream), _length(moments)
    assert stream.time_base is not None
    for moment in moments:
        container.seek(int((moment + start) / stream.time_base), stream=stream)
        shown = None
        for frame in container.decode(stream):
            if shown is not None and _time(frame) - start > moment:
                break
            shown = frame
        if shown is None or _time(shown) - start + (1 - CUT_OFF) * length < moment:
            raise InputError(f"{path}: {_cut_off(0.0 if shown is None else _time(shown) - start, length)}")
        yield shown


def _length(moments: NDArray[np.float64]) -> float:
    return float(moments[0] + moments[-1])


def _cut_off(time: float, length: float) -> str:
    return f"its pictures end after {time:.1f} of {length:.1f} seconds: it is cut off; remove it, or copy it anew"


# Pictures


def _squared(frame: "VideoFrame", side: int, background: str, scaler: "VideoReformatter") -> NDArray[np.uint8]:
    """(side, side, 3): without transparency, upright, stretched."""
    rotation = frame.rotation
    if frame.format.has_palette or any(component.is_alpha for component in frame.format.components):
        frame = _opaque(frame, background)
    # One thread: starting others takes longer than a small picture, and clips are read side by side.
    picture = scaler.reformat(frame, side, side, "rgb24", interpolation="AREA", threads=1).to_ndarray()
    return np.ascontiguousarray(np.rot90(picture, round(rotation / 90)))


def _opaque(frame: "VideoFrame", background: str) -> "VideoFrame":
    from av import VideoFrame

    picture = frame.to_ndarray(format="rgba")
    behind = np.array([int(background[first : first + 2], 16) for first in (1, 3, 5)], np.uint16)
    alpha = picture[..., 3:].astype(np.uint16)
    mixed = (picture[..., :3] * alpha + behind * (255 - alpha) + 127) // 255
    return VideoFrame.from_ndarray(mixed.astype(np.uint8), format="rgb24")
