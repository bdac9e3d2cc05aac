"""The artificial sequences that the microscope shows along the top."""

from collections.abc import Sequence

import numpy as np

from pipelines.contract import Indices
from pipelines.nn.datasets import WINDOW
from pipelines.report.language import mark
from pipelines.report.tracks import Track, of_series, of_tokens
from pipelines.results import Results
from pipelines.tasks.memory.data import Meta, stored
from pipelines.tasks.memory.problems import ADDING, ALPHABET, BLANK, COPY, CUE

SIGNS = {BLANK: "·", CUE: "▶"}


def tracks(results: Results, target: str, sequences: Sequence[Indices]) -> list[Track]:
    """Numbers with two marks, symbols to copy, or the pixels of a digit."""
    problem = results.meta_as(Meta).targets[target]
    test = stored(results.prepared, target, problem, "test")
    windows = test.batch(np.concatenate(sequences)).inputs[WINDOW].astype(np.float64)
    if problem.problem == COPY:
        return [_symbols(windows.argmax(-1).tolist(), problem.step)]
    track = of_series(list(windows), problem.features, problem.step)
    if problem.problem == ADDING:
        marks = {mark("marks so far"): [window[:, 1].cumsum() for window in windows]}
        return [Track(track.kind, track.values, track.step, {**track.properties, **marks}, track.labels)]
    return [track]


def _symbols(rows: list[list[int]], step: str) -> Track:
    texts = [[SIGNS.get(token) or ALPHABET[token] for token in row] for row in rows]
    return Track(
        "tokens",
        texts,
        step,
        {
            mark("is a symbol"): [of_tokens(row, lambda sign: sign in ALPHABET) for row in texts],
            mark("is the cue"): [of_tokens(row, lambda sign: sign == SIGNS[CUE]) for row in texts],
            mark("after the cue"): [np.cumsum(of_tokens(row, lambda sign: sign == SIGNS[CUE])) for row in texts],
            mark("position"): [np.arange(len(row), dtype=np.float64) for row in texts],
        },
    )
