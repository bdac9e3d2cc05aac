"""The spectrogram that the microscope shows along the top."""

from collections.abc import Sequence

import numpy as np

from pipelines.contract import EXPLAINED, Indices
from pipelines.report.language import mark
from pipelines.report.tracks import Track
from pipelines.results import Results
from pipelines.tasks.speech.data import Meta, datasets


def tracks(results: Results, target: str, sequences: Sequence[Indices]) -> list[Track]:
    """The scaled spectrogram; the convolutions before the recurrent layers make one step of several frames."""
    meta = results.meta_as(Meta)
    examples = datasets(results.prepared, meta, target)[EXPLAINED]
    rows = [examples.spectrogram(int(row)).astype(np.float64) for (row,) in sequences]
    info = meta.transcript
    bands = np.arange(len(info.features))
    strength = [np.exp(row - row.max(1, keepdims=True)) for row in rows]
    return [
        Track(
            "image",
            rows,
            info.step,
            {
                mark("energy"): [row.mean(1) for row in rows],
                mark("change of energy"): [np.diff(row.mean(1), prepend=row[:1].mean()) for row in rows],
                mark("centre of the spectrum"): [(weight * bands).sum(1) / weight.sum(1) for weight in strength],
                mark("position"): [np.arange(len(row), dtype=np.float64) for row in rows],
            },
            labels=info.features,
            stride=info.prepare.stride,
        )
    ]
