"""Expectations of the prepared utterances."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.contract import SPLITS, Suite
from pipelines.tasks.speech.data import Meta, datasets, table_of
from pipelines.tasks.speech.params import TARGET, Validate

__all__ = ["Meta", "expectations"]
LOOKED_AT = 256
"""Utterances of each part whose values are looked at."""


def expectations(prepared: Path, meta: Meta, params: Validate) -> list[Suite]:
    """Utterances with words that fit their sound; enough of every part; scaled values within reason."""
    import great_expectations.expectations as gxe

    table = table_of(prepared)
    table["letters_a_second"] = table["text"].str.len() / table["seconds"]
    parts = [{"split": split, **_values(prepared, meta, split)} for split in SPLITS]
    return [
        Suite(
            "utterances",
            table,
            [
                gxe.ExpectColumnValueLengthsToBeBetween(column="text", min_value=1),
                gxe.ExpectColumnValuesToBeInSet(column="split", value_set=list(SPLITS)),
                gxe.ExpectColumnValuesToBeBetween(
                    column="seconds", min_value=0, strict_min=True, max_value=params.max_seconds
                ),
                gxe.ExpectColumnValuesToBeBetween(column="letters_a_second", max_value=params.max_letters_a_second),
            ],
        ),
        Suite(
            "parts",
            pd.DataFrame(parts),
            [
                gxe.ExpectColumnValuesToBeBetween(column="utterances", min_value=params.min_utterances),
                gxe.ExpectColumnValuesToBeBetween(column="largest_scaled", max_value=params.max_abs_scaled),
                gxe.ExpectColumnValuesToBeBetween(column="not_finite", max_value=0),
            ],
        ),
    ]


def _values(prepared: Path, meta: Meta, split: str) -> dict[str, float]:
    """Utterances, the largest scaled magnitude in some spread evenly, and how many of their values are not finite."""
    examples = datasets(prepared, meta, TARGET)[split]
    rows = np.unique(np.linspace(0, len(examples) - 1, LOOKED_AT).astype(int)).tolist()
    spectrograms = [examples.spectrogram(row) for row in rows]
    return {
        "utterances": meta.transcript.splits[split].utterances,
        "largest_scaled": max(float(np.abs(values).max()) for values in spectrograms),
        "not_finite": sum(int((~np.isfinite(values)).sum()) for values in spectrograms),
    }
