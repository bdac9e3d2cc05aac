"""The frames that the microscope shows along the top."""

from collections.abc import Sequence

import numpy as np

from pipelines.contract import Indices
from pipelines.report.language import mark
from pipelines.report.tracks import Strip, Track
from pipelines.results import Results
from pipelines.tasks.video import encoding
from pipelines.tasks.video.data import FRAMES, Meta, datasets


def tracks(results: Results, target: str, sequences: Sequence[Indices]) -> list[Track]:
    """The frames of each clip side by side."""
    meta = results.meta_as(Meta)
    test = datasets(results.prepared, meta, target)["test"]
    clips = test.reading([FRAMES]).batch(np.concatenate(sequences)).inputs[FRAMES]
    levels = clips.astype(np.float64).mean(-1) / 255
    changes = np.abs(np.diff(levels, axis=1, prepend=levels[:, :1])).mean((2, 3))
    return [
        Track(
            "frames",
            [Strip(encoding.picture(np.concatenate(clip, axis=1)), len(clip)) for clip in clips],
            meta.label.step,
            {
                mark("change from the frame before"): list(changes),
                mark("brightness"): list(levels.mean((2, 3))),
                mark("position"): [np.arange(clips.shape[1], dtype=np.float64)] * len(clips),
            },
        )
    ]
