"""From pairs to words."""

from pathlib import Path

import pandas as pd

from pipelines.sequence_to_sequence import prepare as pairs
from pipelines.sequence_to_sequence.params import Prepare
from pipelines.sources.pairs import raw_pairs
from pipelines.tasks.numbers.data import TARGET, WORDS, Meta


def prepare(raw: Path, params: Prepare, destination: Path) -> Meta:
    """Write the table of pairs with their split; too few pairs raise `InputError`."""
    table = pd.DataFrame(raw_pairs(raw), columns=["source", "target"])
    # Sources with the same tokens are one source.
    read = table["source"].map(_read)
    table = table[(read != "") & ~read.duplicated()]
    table = pairs.split(table, _read, lambda source: len(WORDS.source(source)), params, "numbers")
    return Meta(
        {TARGET: pairs.written(table, WORDS, params, "word", destination)},
        "Every source belongs to one part, in an order that only the sources decide. Sources of more than "
        f"{params.longest} tokens are neither trained on nor validated with; they are a separate test part. Vocabularies are those of "
        "the training part alone; no training and no choice sees the test part.",
    )


def _read(source: str) -> str:
    return " ".join(WORDS.source(source))
