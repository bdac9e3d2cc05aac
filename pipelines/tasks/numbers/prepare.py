"""From pairs to tokens: unseen sources for validation and test, longer ones than any in training as a separate test part."""

from pathlib import Path

import pandas as pd

from pipelines.contract import SPLITS, Split
from pipelines.errors import InputError
from pipelines.nn.vocabulary import Vocabulary
from pipelines.sources import files
from pipelines.tasks.numbers.collect import PAIRS
from pipelines.tasks.numbers.data import Meta, PairTarget, tokens
from pipelines.tasks.numbers.params import Prepare


def prepare(raw: Path, params: Prepare, destination: Path) -> Meta:
    """Write the table of pairs with their split; too few pairs raise `InputError`."""
    lines = (raw / PAIRS).read_text(encoding="utf-8").removesuffix("\n").split("\n")  # a form feed is no end of a line
    table = pd.DataFrame([line.split("\t") for line in lines], columns=["source", "target"])
    # Sources with the same tokens are one source, and belong to one part.
    table["read"] = [" ".join(tokens(source)) for source in table["source"]]
    table = table[table["read"] != ""].drop_duplicates("read")
    table = table.iloc[table["read"].map(files.order_key).argsort(kind="stable")].reset_index(drop=True)
    table["longer"] = [len(tokens(source)) > params.longest for source in table["source"]]
    usual = table.index[~table["longer"]]
    test, valid = (round(len(usual) * share) for share in (params.test_share, params.valid_share))
    table["split"] = "train"
    table.loc[usual[:test], "split"] = "test"
    table.loc[usual[test : test + valid], "split"] = "valid"
    longer = table.index[table["longer"]]
    table.loc[longer, "split"] = "test"
    table = pd.concat([table.drop(longer), table.loc[longer[: params.max_longer]]]).drop(columns="read")
    for split in SPLITS:
        if not (table["split"] == split).any():
            raise InputError(
                f"numbers: {len(usual)} pairs of at most {params.longest} tokens leave none for {split}; add pairs to "
                "data/input/numbers, or raise numbers.prepare.longest"
            )
    destination.mkdir(exist_ok=True)
    table.to_parquet(destination / "pairs.parquet", index=False)

    training = table[table["split"] == "train"]
    sources, targets = (
        Vocabulary.fitted((word for text in training[side] for word in tokens(text)), params.min_count)
        for side in ("source", "target")
    )
    of_split = {split: table[table["split"] == split] for split in SPLITS}
    seen = table[~table["longer"]]
    longest = max(len(tokens(text)) for text in seen["source"])
    splits = {split: Split(len(rows), f"{len(rows):,} pairs") for split, rows in of_split.items()}
    count = int(of_split["test"]["longer"].sum())
    if count:
        splits["test"] = Split(
            len(of_split["test"]),
            f"{len(of_split['test']) - count:,} unseen pairs, and {count:,} longer than any of training",
        )
    words = PairTarget(
        features=["word"],
        outputs=["the written sequence"],
        lookback=longest,
        step="word",
        rows=len(table),
        splits=splits,
        source_vocabulary=sources,
        target_vocabulary=targets,
        longest=longest,
        longest_target=2 * max(len(tokens(text)) for text in training["target"]),
        longer=count,
    )
    return Meta(
        {"words": words},
        "Every source belongs to one part, in an order that only the sources decide. Sources of more than "
        f"{params.longest} tokens are neither trained on nor validated with; they are a separate test part. Vocabularies are those of "
        "the training part alone; no training and no choice sees the test part.",
    )
