"""Clips for tests: of each frame it can be read which one it is."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

STEP = 10
"""Grey levels between two frames."""


def write(
    path: Path,
    frames: int = 24,
    size: tuple[int, int] = (48, 64),
    rate: int = 24,
    codec: str = "libx264",
    times: list[int] | None = None,
    key_every: int = 250,
) -> Path:
    """Frame i is grey with level `STEP * i` (modulo 250); it is shown at i / rate seconds, or at `times[i]` milliseconds."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(
            codec, rate, options={"g": str(key_every), **({"crf": "1"} if codec == "libx264" else {})}
        )
        stream.height, stream.width = size
        stream.pix_fmt = "yuv420p"
        if times:
            stream.codec_context.time_base = Fraction(1, 1000)
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((*size, 3), STEP * index % 250, np.uint8), format="rgb24")
            if times:
                frame.pts, frame.time_base = times[index], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def indices(frames: NDArray[np.uint8]) -> list[int]:
    """Which frames of the clip these are."""
    return [round(float(frame.mean()) / STEP) for frame in frames]


def turned(path: Path) -> None:
    """Let the metadata of an MP4 file say that it is to be turned by 90 degrees clockwise."""
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 4 + 40
    one = 0x10000
    values = [0, one, 0, -one, 0, 0, 0, 0, 0x40000000]
    content[matrix : matrix + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in values)
    path.write_bytes(content)
