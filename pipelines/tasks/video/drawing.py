"""Clips of moving and changing handwritten digits: what happens in one is told by the order of its frames.

The classes come in pairs. The clips of one class of a pair are made as those of the other, and played backwards; the two rhythms show the
same frames in another order. So the frames without their order, and their mean, say nothing about which of the two it is; a frame whose
moment is known may.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipelines.contract import Array

SIDE = 64
"""Pixels of a clip's width and height."""
FRAMES = 24
RATES = (8, 12, 15, 24)
"""Frames a second; a clip has one of them, so its length in seconds says nothing."""
COUNTED = (1, 2, 3, 4)
DIGIT = 8
"""Pixels of the width and height of scikit-learn's digits, whose values are 0 to 16."""
Pool = Mapping[int, NDArray[np.float64]]
"""Digit -> images of it, (images, 8, 8)."""


@dataclass(frozen=True)
class Look:
    """How a digit is seen in one frame."""

    image: NDArray[np.float64] = field(repr=False)
    x: float
    y: float
    """Its middle, in pixels."""
    size: float
    """Pixels of its width and height."""
    angle: float = 0.0
    """Counter-clockwise, in degrees."""
    ink: float = 1.0
    """0: not to be seen."""


Looks = list[Look]


def _start(rng: np.random.Generator, pool: Pool) -> Look:
    digits = pool[int(rng.integers(10))]
    size = rng.uniform(26, 36)
    x, y = rng.uniform(size / 2, SIDE - size / 2, 2)
    return Look(digits[rng.integers(len(digits))], x, y, size, rng.uniform(-10, 10))


def _times() -> list[float]:
    return [step / (FRAMES - 1) for step in range(FRAMES)]


def _moving_right(rng: np.random.Generator, pool: Pool) -> Looks:
    look = _start(rng, pool)
    first, way = _way(rng, look)
    return [replace(look, x=first + way * time) for time in _times()]


def _moving_down(rng: np.random.Generator, pool: Pool) -> Looks:
    look = _start(rng, pool)
    first, way = _way(rng, look)
    return [replace(look, y=first + way * time) for time in _times()]


def _way(rng: np.random.Generator, look: Look) -> tuple[float, float]:
    """Where a digit starts, and how far it moves without leaving the picture."""
    free = SIDE - look.size
    way = rng.uniform(0.5, 1.0) * free
    return look.size / 2 + rng.uniform(0, free - way), way


def _growing(rng: np.random.Generator, pool: Pool) -> Looks:
    look = _start(rng, pool)
    small, factor = rng.uniform(12, 18), rng.uniform(2.0, 2.8)
    margin = small * factor / 2
    x, y = rng.uniform(margin, SIDE - margin, 2)
    return [replace(look, x=x, y=y, size=small * factor**time) for time in _times()]


def _turning(rng: np.random.Generator, pool: Pool) -> Looks:
    look = _start(rng, pool)
    first, way = rng.uniform(0, 360), rng.uniform(150, 300)
    return [replace(look, angle=first + way * time) for time in _times()]


def _appearing(rng: np.random.Generator, pool: Pool) -> Looks:
    look = _start(rng, pool)
    low, high = rng.uniform(0.0, 0.2), rng.uniform(0.8, 1.0)
    return [replace(look, ink=low + (high - low) * time) for time in _times()]


def _counting(rng: np.random.Generator, pool: Pool) -> Looks:
    look = _start(rng, pool)
    images = [pool[digit][rng.integers(len(pool[digit]))] for digit in COUNTED]
    return [replace(look, image=images[min(int(time * len(images)), len(images) - 1)]) for time in _times()]


def _circling(rng: np.random.Generator, pool: Pool) -> Looks:
    look = _start(rng, pool)
    free = (SIDE - look.size) / 2
    radius = rng.uniform(0.6, 1.0) * free
    x, y = SIDE / 2 + rng.uniform(-1, 1, 2) * (free - radius)
    first, way = rng.uniform(0, 2 * np.pi), rng.uniform(1.2, 2.0) * np.pi
    angles = [first + way * time for time in _times()]
    return [replace(look, x=x + radius * np.cos(angle), y=y - radius * np.sin(angle)) for angle in angles]


def _blinking(period: int) -> Callable[[np.random.Generator, Pool], Looks]:
    """The digit is there for half of every `period` frames."""

    def looks(rng: np.random.Generator, pool: Pool) -> Looks:
        look = _start(rng, pool)
        phase = int(rng.integers(period))
        return [replace(look, ink=float((step + phase) % period < period // 2)) for step in range(FRAMES)]

    return looks


def _backwards(make: Callable[[np.random.Generator, Pool], Looks]) -> Callable[[np.random.Generator, Pool], Looks]:
    return lambda rng, pool: make(rng, pool)[::-1]


CLASSES: dict[str, Callable[[np.random.Generator, Pool], Looks]] = {
    "moving right": _moving_right,
    "moving left": _backwards(_moving_right),
    "moving down": _moving_down,
    "moving up": _backwards(_moving_down),
    "growing": _growing,
    "shrinking": _backwards(_growing),
    "turning left": _turning,
    "turning right": _backwards(_turning),
    "circling left": _circling,
    "circling right": _backwards(_circling),
    "appearing": _appearing,
    "vanishing": _backwards(_appearing),
    "counting up": _counting,
    "counting down": _backwards(_counting),
    "blinking slowly": _blinking(12),
    "blinking quickly": _blinking(6),
}
"""Class -> what makes the looks of one clip."""


def clip(name: str, pool: Pool, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The frames of a clip of the class `name`, (FRAMES, SIDE, SIDE, 3), with digits of `pool` on a background of its own."""
    looks = CLASSES[name](rng, pool)
    background, foreground = rng.uniform(0, 60, 3), rng.uniform(180, 255, 3)
    grey = np.stack([_drawn(look) for look in looks])[..., None]
    noise = rng.standard_normal((FRAMES, SIDE, SIDE, 1), np.float32)
    return np.clip(background + grey * (foreground - background) + 2 * noise, 0, 255).astype(np.uint8)


def _drawn(look: Look) -> Array:
    """Ink from 0 to 1, (SIDE, SIDE)."""
    angle, scale = np.deg2rad(look.angle), DIGIT / look.size
    # From the picture's pixels (row, column) back to the digit's: rows grow downwards.
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = np.array([look.y, look.x])
    offset = (DIGIT - 1) / 2 - turn @ middle
    return look.ink / 16 * ndimage.affine_transform(look.image, turn, offset, (SIDE, SIDE), order=1)
