"""Expectations of the prepared clips."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines import artifacts
from pipelines.contract import SPLITS, Suite
from pipelines.tasks.video.data import FEATURES_FILE, FRAMES_FILE, Meta, table_of
from pipelines.tasks.video.params import Validate

__all__ = ["Meta", "expectations"]


def expectations(prepared: Path, meta: Meta, params: Validate) -> list[Suite]:
    """Clips of a known class with features that are finite and change, no group in two parts; enough clips of every part and class."""
    import great_expectations.expectations as gxe

    table, label = table_of(prepared), meta.label
    table["parts"] = table.groupby(["label", "group"])["split"].transform("nunique")
    features = artifacts.read_array(prepared / FEATURES_FILE)
    frames = artifacts.read_array(prepared / FRAMES_FILE)
    # A clip at a time: all of them need not fit in memory.
    table["finite"] = [bool(np.isfinite(clip).all()) for clip in features]
    table["change"] = [float(np.abs(np.diff(clip, axis=0)).max()) for clip in features]
    table["brightest"] = [int(clip.max()) for clip in frames]
    parts = [{"split": split, "clips": part.windows} for split, part in label.splits.items()]
    training = table.loc[table["split"] == "train", "label"].value_counts()
    return [
        Suite(
            "clips",
            table,
            [
                gxe.ExpectColumnValuesToBeInSet(column="label", value_set=label.classes),
                gxe.ExpectColumnValuesToBeInSet(column="split", value_set=list(SPLITS)),
                gxe.ExpectColumnValuesToBeBetween(column="parts", max_value=1),
                gxe.ExpectColumnValuesToBeInSet(column="finite", value_set=[True]),
                gxe.ExpectColumnValuesToBeBetween(column="change", min_value=0, strict_min=True),
                gxe.ExpectColumnValuesToBeBetween(column="brightest", min_value=0, strict_min=True),
            ],
        ),
        Suite(
            "parts",
            pd.DataFrame(parts),
            [gxe.ExpectColumnValuesToBeBetween(column="clips", min_value=params.min_clips)],
        ),
        Suite(
            "classes in training",
            training.rename_axis("class").reset_index(name="clips"),
            [gxe.ExpectColumnValuesToBeBetween(column="clips", min_value=params.min_class)],
        ),
    ]
