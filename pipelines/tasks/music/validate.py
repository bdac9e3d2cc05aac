"""Expectations of the prepared pieces: notes in the range of a piano, one split each, few notes missing from the rolls."""

from pathlib import Path

from pipelines import artifacts
from pipelines.contract import SPLITS, Suite
from pipelines.tasks.music import midi
from pipelines.tasks.music.data import Meta
from pipelines.tasks.music.params import Validate

__all__ = ["Meta", "expectations"]


def expectations(prepared: Path, meta: Meta, params: Validate) -> list[Suite]:
    """Pieces with notes in the range of a piano, in one split each, and few notes missing from the rolls."""
    import great_expectations.expectations as gxe

    pieces = artifacts.read_table(prepared / "pieces.parquet")
    lost = pieces.groupby("style")[["notes", "too_short", "out_of_range"]].sum()
    lost["left_out_share"] = (lost["too_short"] + lost["out_of_range"]) / (lost["notes"] + lost["out_of_range"])
    per_split = pieces.groupby(["style", "split"]).size().rename("pieces").reset_index()
    return [
        Suite(
            "pieces",
            pieces,
            [
                gxe.ExpectColumnValuesToBeInSet(column="split", value_set=list(SPLITS)),
                gxe.ExpectCompoundColumnsToBeUnique(column_list=["style", "piece"]),
                gxe.ExpectColumnValuesToBeBetween(column="notes", min_value=params.min_notes),
                gxe.ExpectColumnValuesToBeBetween(column="lowest", min_value=midi.LOWEST),
                gxe.ExpectColumnValuesToBeBetween(column="highest", max_value=midi.HIGHEST),
                gxe.ExpectColumnValuesToBeBetween(column="voices", max_value=params.max_voices),
                gxe.ExpectColumnValuesToBeBetween(column="tempo", min_value=0, strict_min=True),
            ],
        ),
        Suite(
            "styles",
            lost.reset_index(),
            [gxe.ExpectColumnValuesToBeBetween(column="left_out_share", max_value=params.max_left_out_share)],
        ),
        Suite("splits", per_split, [gxe.ExpectTableRowCountToEqual(value=len(SPLITS) * len(meta.styles))]),
    ]
