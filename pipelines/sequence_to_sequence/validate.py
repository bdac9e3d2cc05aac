"""Expectations of prepared pairs."""

from pathlib import Path

import pandas as pd

from pipelines.contract import SPLITS, Suite
from pipelines.nn.vocabulary import UNKNOWN
from pipelines.sequence_to_sequence.data import PairTarget, Part, Tokenizer, table_of, tokens_of
from pipelines.sequence_to_sequence.params import Validate


def expectations(prepared: Path, target: PairTarget, tokenizer: Tokenizer, params: Validate) -> list[Suite]:
    """Sources that belong to one part, plausible lengths, enough pairs, few unknown tokens."""
    import great_expectations.expectations as gxe

    table = table_of(prepared)
    sources, targets = tokens_of(Part(table["source"].tolist(), table["target"].tolist(), 0), tokenizer)
    table["source_tokens"], table["target_tokens"] = ([len(row) for row in rows] for rows in (sources, targets))
    table["ratio"] = table["target_tokens"] / table["source_tokens"]
    vocabularies = {"source": (sources, target.source_vocabulary), "target": (targets, target.target_vocabulary)}
    rows = []
    for split in SPLITS:
        of_split = table.index[table["split"] == split]
        for side, (tokens, vocabulary) in vocabularies.items():
            token_ids = [token_id for row in of_split for token_id in vocabulary.encode(tokens[row])]
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
            [gxe.ExpectColumnValuesToBeBetween(column="source_tokens", max_value=target.longest)],
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
