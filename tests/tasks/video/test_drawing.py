"""Frames without their order, and their mean, cannot tell the classes of a pair apart."""

from itertools import pairwise

import numpy as np
import pytest

from pipelines.tasks.video import drawing
from pipelines.tasks.video.collect import pools
from pipelines.tasks.video.drawing import CLASSES, COUNTED, FRAMES

PAIRS = list(pairwise(CLASSES))[::2]
POOLS = pools()


def looks(name: str, seed: int) -> drawing.Looks:
    return CLASSES[name](np.random.default_rng(seed), POOLS["train"])


@pytest.mark.parametrize(("one", "other"), [pair for pair in PAIRS if "blinking" not in pair[0]])
def test_a_class_is_its_opposite_played_backwards(one: str, other: str) -> None:
    for seed in range(5):
        assert [repr(look) for look in looks(one, seed)] == [repr(look) for look in looks(other, seed)[::-1]]


def test_both_rhythms_show_the_digit_half_of_the_time() -> None:
    for name in ("blinking slowly", "blinking quickly"):
        for seed in range(20):
            assert sum(look.ink for look in looks(name, seed)) == FRAMES / 2


def test_something_changes_in_every_clip() -> None:
    for name in CLASSES:
        frames = drawing.clip(name, POOLS["train"], np.random.default_rng(0)).astype(float)
        assert frames.shape == (FRAMES, drawing.SIDE, drawing.SIDE, 3)
        assert np.abs(frames[0] - frames[-1]).max() > 40 or np.abs(np.diff(frames, axis=0)).max() > 40, name


def test_digits_stay_in_the_picture() -> None:
    for name in CLASSES:
        for seed in range(5):
            for look in looks(name, seed):
                assert look.size / 2 - 1e-6 <= min(look.x, look.y)
                assert max(look.x, look.y) <= drawing.SIDE - look.size / 2 + 1e-6


def test_counting_up_shows_the_digits_in_their_order() -> None:
    digits = [POOLS["train"][digit] for digit in COUNTED]
    images = [look.image for look in looks("counting up", 3)]
    shown = [next(place for place, pool in enumerate(digits) if (pool == image).all((1, 2)).any()) for image in images]
    assert shown == sorted(shown)
    assert set(shown) == set(range(len(COUNTED)))


def test_no_image_is_seen_in_two_parts() -> None:
    divided = POOLS
    for digit in range(10):
        seen = [{image.tobytes() for image in divided[split][digit]} for split in divided]
        assert not seen[0] & seen[1] | seen[0] & seen[2] | seen[1] & seen[2]
