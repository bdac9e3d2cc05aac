"""Frames as files: clips in H.264, pictures in PNG."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def write_clip(path: Path, frames: NDArray[np.uint8], rate: int) -> None:
    """Encode frames (time, height, width, 3) as H.264 with `rate` frames a second; the same frames give the same file."""
    import av
    from av.video.reformatter import VideoReformatter

    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate, options={"preset": "ultrafast", "crf": "23", "threads": "1"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        scaler = VideoReformatter()
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            container.mux(stream.encode(scaler.reformat(picture, format="yuv420p", threads=1)))
        container.mux(stream.encode())


def write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write pixels (height, width, 3) as PNG."""
    path.write_bytes(picture(pixels))


def picture(pixels: NDArray[np.uint8]) -> bytes:
    """Pixels (height, width, 3) as PNG."""
    import av

    codec = av.CodecContext.create("png", "w")
    codec.height, codec.width = pixels.shape[:2]
    codec.pix_fmt, codec.time_base = "rgb24", Fraction(1)
    packets = [*codec.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")), *codec.encode(None)]
    return b"".join(map(bytes, packets))
