"""Clips that play in a page, with what a network says and does after each frame under them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from pipelines.contract import Array
from pipelines.report import texts
from pipelines.report.figures import COLORS
from pipelines.report.language import fill

LEFT, WIDTH = 170, 640
"""Of a drawing, in the units of its view box: where the frames begin, and how wide all of them are."""
CHART, ROW = 130, 16
"""Heights of the chart of probabilities, and of a row of values."""
LINES = 4
"""Classes that are drawn."""


@dataclass(frozen=True)
class Player:
    """A clip, and values of each of its frames."""

    title: str
    clip: str
    """Path of its file from the page."""
    strip: str
    """Path of the picture of its frames side by side."""
    classes: Sequence[str]
    probabilities: NDArray[Any]
    """(frames, classes)."""
    rows: Mapping[str, Array]
    """Name -> values from 0 to 1, (frames,)."""


def players(clips: Sequence[Player]) -> Markup:
    """The clips below each other; a line in each drawing follows the clip that plays."""
    environment = texts.environment(Path(__file__).parent)
    drawn = [_drawn(clip) for clip in clips]
    return Markup(
        environment.get_template("players.html").render(
            clips=drawn, left=LEFT, width=WIDTH, chart=CHART, row_height=ROW
        )
    )


def _drawn(clip: Player) -> dict[str, Any]:
    frames = len(clip.probabilities)
    cell = WIDTH / frames
    chosen = np.argsort(-clip.probabilities.max(0), kind="stable")[:LINES]
    chosen = chosen[np.argsort(-clip.probabilities[-1, chosen], kind="stable")]
    lines = [
        {
            "name": clip.classes[index],
            "color": COLORS[place],
            "last": fill("{p:.0%}", p=clip.probabilities[-1, index]),
            "points": " ".join(
                f"{LEFT + (frame + 0.5) * cell:.1f},{CHART * (1 - 0.96 * value) - 2:.1f}"
                for frame, value in enumerate(clip.probabilities[:, index].tolist())
            ),
        }
        for place, index in enumerate(chosen.tolist())
    ]
    rows = [
        {
            "name": name,
            "cells": [
                {"x": round(LEFT + frame * cell, 1), "value": round(min(max(value, 0.0), 1.0), 3)}
                for frame, value in enumerate(values.tolist())
            ],
        }
        for name, values in clip.rows.items()
    ]
    return {
        "clip": clip,
        "lines": lines,
        "rows": rows,
        "cell": round(cell, 2),
        "height": round(CHART + cell + ROW * len(rows) + 8, 1),
    }
