"""From pairs to tokens: unseen sources for validation and test, longer ones than any in training as a separate test part."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from pipelines.contract import SPLITS, Split
from pipelines.errors import InputError
from pipelines.nn.vocabulary import Vocabulary
from pipelines.sequence_to_sequence.data import TABLE, PairTarget, Part, Tokenizer, tokens_of
from pipelines.sequence_to_sequence.params import Prepare
from pipelines.sources import files


def split(
    table: pd.DataFrame, key: Callable[[str], str], size: Callable[[str], int], params: Prepare, task: str
) -> pd.DataFrame:
    """`table` (`source`, `target`) with its `split` and whether each source is `longer` than those of training, in order.

    Sources of one `key` belong to one part, and a longer one is left out if training or validation have one of its key; `size` is the
    number of tokens of a source. Raise `InputError` if nothing is left for a part.
    """
    table = table.assign(key=table["source"].map(key))
    table = table.iloc[table["key"].map(files.order_key).argsort(kind="stable")].reset_index(drop=True)
    table["longer"] = [size(source) > params.longest for source in table["source"]]
    usual, longer = table[~table["longer"]].copy(), table[table["longer"]]
    # The part of a key is that of the first of its sources.
    first = pd.Series(range(len(usual)), usual.index, dtype=int).groupby(usual["key"]).transform("min")
    test, valid = (round(len(usual) * share) for share in (params.test_share, params.valid_share))
    usual["split"] = "train"
    usual.loc[first < test + valid, "split"] = "valid"
    usual.loc[first < test, "split"] = "test"
    longer = longer[~longer["key"].isin(usual.loc[usual["split"] != "test", "key"])].assign(split="test")
    table = pd.concat([usual, longer[: params.max_longer]]).drop(columns="key")
    for part in SPLITS:
        if not (table["split"] == part).any():
            raise InputError(
                f"{task}: {len(usual)} pairs of at most {params.longest} tokens leave none for {part}; add pairs to "
                f"data/input/{task}, or raise {task}.prepare.longest"
            )
    return table[["source", "target", "longer", "split"]]


def written(table: pd.DataFrame, tokenizer: Tokenizer, params: Prepare, step: str, destination: Path) -> PairTarget:
    """Write the table of `split` and describe it; vocabularies are those of its training part."""
    destination.mkdir(exist_ok=True)
    table.to_parquet(destination / TABLE, index=False)
    sources, targets = tokens_of(Part(table["source"].tolist(), table["target"].tolist(), 0), tokenizer)
    training = (table["split"] == "train").tolist()
    vocabularies = [
        Vocabulary.fitted(
            (token for row, seen in zip(rows, training, strict=True) if seen for token in row), params.min_count
        )
        for rows in (sources, targets)
    ]
    counts = table["split"].value_counts()
    longer = int(table["longer"].sum())
    splits = {part: Split(int(counts[part]), f"{counts[part]:,} pairs") for part in SPLITS}
    if longer:
        usual = int(counts["test"]) - longer
        note = f"{usual:,} unseen pairs, and {longer:,} longer than any of training"
        splits["test"] = Split(int(counts["test"]), note)
    longest = max(len(row) for row, beyond in zip(sources, table["longer"], strict=True) if not beyond)
    return PairTarget(
        features=[step],
        outputs=["the written sequence"],
        lookback=longest,
        step=step,
        rows=len(table),
        splits=splits,
        source_vocabulary=vocabularies[0],
        target_vocabulary=vocabularies[1],
        longest=longest,
        longest_target=2 * max(len(row) for row, seen in zip(targets, training, strict=True) if seen),
        longer=longer,
    )
