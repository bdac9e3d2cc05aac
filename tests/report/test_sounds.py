"""Clips: notes drawn to one scale, next to the player of their sound."""

import re

import numpy as np

from pipelines.report import sounds
from pipelines.report.sounds import Clip


def clip(name: str, *notes: tuple[float, float, float], given: float = 0.0) -> Clip:
    return Clip(name, f"a/{name}.mp3", f"a/{name}.mid", np.array(notes), given)


def test_clips_of_a_group_are_drawn_to_one_scale() -> None:
    page = sounds.clips({"both": [clip("short", (0, 1, 60)), clip("long", (0, 4, 60), (2, 4, 72), given=1.0)]})
    paths = [
        [(float(x), float(y), float(w)) for x, y, w in re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)", drawing)]
        for drawing in re.findall(r'path d="([^"]*)"', page)
    ]
    (short,), (low, high) = paths
    assert short[1] == low[1] > high[1]  # one key, one height; a higher key above it
    assert abs(4 * short[2] - low[2]) < 4  # a quarter as long
    assert high[0] == sounds.WIDTH / 2
    assert page.count('class="given"') == 1
    assert 'src="a/short.mp3"' in page
    assert 'href="a/long.mid"' in page


def test_clips_escape_their_names() -> None:
    assert "<b>&lt;i&gt;</b>" in sounds.clips({"g": [clip("<i>", (0, 1, 60))]})
