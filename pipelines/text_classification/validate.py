"""Expectations of the prepared texts."""

from pathlib import Path

import pandas as pd

from pipelines.contract import SPLITS, Suite
from pipelines.text_classification.data import Meta, table_of
from pipelines.text_classification.params import Validate
from pipelines.text_classification.words import words

__all__ = ["Meta", "expectations"]


def expectations(prepared: Path, meta: Meta, params: Validate) -> list[Suite]:
    """Texts with words and a known class, none in two parts; enough texts of every part and class; few unknown words."""
    import great_expectations.expectations as gxe

    table, label = table_of(prepared), meta.label
    read = table["text"].map(lambda text: " ".join(words(text, label.language)))
    table["parts"] = table.groupby(read)["split"].transform("nunique")
    parts = [
        {"split": split, "texts": part.windows, "unknown_share": part.unknown / part.tokens}
        for split, part in label.splits.items()
    ]
    training = table.loc[table["split"] == "train", "label"].value_counts()
    return [
        Suite(
            "texts",
            table,
            [
                gxe.ExpectColumnValuesToNotBeNull(column="text"),
                gxe.ExpectColumnValuesToBeBetween(column="tokens", min_value=1),
                gxe.ExpectColumnValuesToBeInSet(column="label", value_set=label.classes),
                gxe.ExpectColumnValuesToBeInSet(column="split", value_set=list(SPLITS)),
                gxe.ExpectColumnValuesToBeBetween(column="parts", max_value=1),
            ],
        ),
        Suite(
            "parts",
            pd.DataFrame(parts),
            [
                gxe.ExpectColumnValuesToBeBetween(column="texts", min_value=params.min_texts),
                gxe.ExpectColumnValuesToBeBetween(column="unknown_share", max_value=params.max_unknown_share),
            ],
        ),
        Suite(
            "classes in training",
            training.rename_axis("class").reset_index(name="texts"),
            [gxe.ExpectColumnValuesToBeBetween(column="texts", min_value=params.min_class)],
        ),
    ]
