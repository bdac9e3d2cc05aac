"""Expectations of the prepared pairs."""

from pathlib import Path

import pandas as pd

from pipelines.contract import SPLITS, Suite
from pipelines.nn.vocabulary import UNKNOWN
from pipelines.tasks.numbers.data import Meta, table_of, tokens
from pipelines.tasks.numbers.params import Validate

__all__ = ["Meta", "expectations"]


def expectations(prepared: Path, meta: Meta, params: Validate) -> list[Suite]:
    """Sources that belong to one part, plausible lengths, enough pairs, few unknown words."""
    import great_expectations.expectations as gxe

    table = table_of(prepared)
    table["source_tokens"], table["target_tokens"] = (
        [len(tokens(text)) for text in table[side]] for side in ("source", "target")
    )
    table["ratio"] = table["target_tokens"] / table["source_tokens"]
    vocabularies = {"source": meta.words.source_vocabulary, "target": meta.words.target_vocabulary}
    rows = []
    for split in SPLITS:
        of_split = table[table["split"] == split]
        for side, vocabulary in vocabularies.items():
            token_ids = [token_id for text in of_split[side] for token_id in vocabulary.encode(tokens(text))]
            unknown = sum(token_id == UNKNOWN for token_id in token_ids) / max(len(token_ids), 1)
            rows.append({"split": split, "side": side, "pairs": len(of_split), "unknown_share": unknown})
    return [
        Suite(
            "pairs",
            table,
            [
                gxe.ExpectColumnValuesToNotBeNull(column="source"),
                gxe.ExpectColumnValuesToNotBeNull(column="target"),
                gxe.ExpectColumnValuesToBeUnique(column="source"),
                gxe.ExpectColumnValuesToBeInSet(column="split", value_set=list(SPLITS)),
                gxe.ExpectColumnValuesToBeBetween(column="source_tokens", min_value=1),
                gxe.ExpectColumnValuesToBeBetween(column="target_tokens", min_value=1),
                gxe.ExpectColumnValuesToBeBetween(
                    column="ratio", min_value=1 / params.max_ratio, max_value=params.max_ratio
                ),
            ],
        ),
        Suite(
            "pairs that are trained on or validated with",
            table[table["split"] != "test"],
            [gxe.ExpectColumnValuesToBeBetween(column="source_tokens", max_value=meta.words.longest)],
        ),
        Suite(
            "parts",
            pd.DataFrame(rows),
            [
                gxe.ExpectColumnValuesToBeBetween(column="pairs", min_value=params.min_pairs),
                gxe.ExpectColumnValuesToBeBetween(column="unknown_share", max_value=params.max_unknown_share),
            ],
        ),
    ]
