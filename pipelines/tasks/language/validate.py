"""Expectations of the prepared text."""

from pathlib import Path

import pandas as pd

from pipelines import artifacts
from pipelines.contract import SPLITS, Suite
from pipelines.nn.vocabulary import SPECIAL
from pipelines.tasks.language.data import Meta
from pipelines.tasks.language.params import Validate

__all__ = ["Meta", "expectations"]


def expectations(prepared: Path, meta: Meta, params: Validate) -> list[Suite]:
    """Texts that belong to one split, few unknown units, and a vocabulary with something to predict."""
    import great_expectations.expectations as gxe

    splits = meta.text.splits
    table = artifacts.read_table(prepared / "texts.parquet")
    shares = pd.DataFrame(
        {
            "split": SPLITS,
            "unknown_share": [splits[split].unknown / splits[split].tokens for split in SPLITS],
            "windows": [splits[split].windows for split in SPLITS],
        }
    )
    vocabulary = pd.DataFrame({"unit": meta.text.vocabulary.words})
    names = ["text"] if meta.text.whole else ["split", "text"]
    return [
        Suite(
            "texts",
            table,
            [
                gxe.ExpectColumnValuesToBeInSet(column="split", value_set=list(SPLITS)),
                gxe.ExpectColumnValuesToBeBetween(column="tokens", min_value=2),
                gxe.ExpectCompoundColumnsToBeUnique(column_list=names)
                if len(names) > 1
                else gxe.ExpectColumnValuesToBeUnique(column="text"),
            ],
        ),
        Suite(
            "splits",
            shares,
            [
                gxe.ExpectColumnValuesToBeBetween(column="unknown_share", max_value=params.max_unknown_share),
                gxe.ExpectColumnValuesToBeBetween(column="windows", min_value=params.min_windows),
            ],
        ),
        Suite(
            "vocabulary",
            vocabulary,
            [
                gxe.ExpectColumnValuesToBeUnique(column="unit"),
                gxe.ExpectTableRowCountToBeBetween(min_value=len(SPECIAL) + params.min_vocabulary),
            ],
        ),
    ]
