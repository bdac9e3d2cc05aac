"""The text that the microscope shows along the top."""

from collections.abc import Sequence

import numpy as np

from pipelines.contract import Indices
from pipelines.nn.datasets import TOKENS
from pipelines.nn.vocabulary import END, SPECIAL
from pipelines.report.tracks import Track, of_characters, of_words
from pipelines.results import Results
from pipelines.tasks.language.data import Meta, datasets, units

END_MARK = "∎"
"""Of a text."""


def tracks(results: Results, target: str, sequences: Sequence[Indices]) -> list[Track]:
    """Characters or words."""
    meta = results.meta_as(Meta)
    test = datasets(results.prepared, meta, target)["test"]
    rows = [units(np.concatenate(test.batch(rows).inputs[TOKENS]), meta) for rows in sequences]
    texts = [[END_MARK if unit == SPECIAL[END] else unit for unit in row] for row in rows]
    return [(of_characters if meta.text.unit == "characters" else of_words)(texts, meta.text.step)]
