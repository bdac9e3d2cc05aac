"""Raw data of a task with texts and classes: one table, of a sample or of the user's own files."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pipelines.contract import Source
from pipelines.errors import InputError
from pipelines.params.blocks import Collect
from pipelines.sources import files, labelled
from pipelines.text_classification.data import TABLE


class Row(NamedTuple):
    """A text of a sample."""

    text: str
    label: str
    split: str = ""


class Sample(NamedTuple):
    """Texts that were fetched, and where they come from."""

    rows: list[Row]
    facts: dict[str, str]
    """`origin`, `licence` and whatever else is noted."""


def write(params: Collect, dropped: Sequence[Path], destination: Path, fetch: Callable[[str], Sample]) -> Source:
    """Write all texts to one table: the user's files, or the samples if there are none, each fetched by its name.

    Raise `InputError` if too many files or rows are unreadable, or only some of the files say which text belongs to which part.
    """
    if not dropped:
        samples = {name: fetch(name) for name in params.samples}
        rows = [row for sample in samples.values() for row in sample.rows]
        _save(pd.DataFrame(rows, columns=["text", "label", "split"]), destination)
        return Source(True, {name: sample.facts for name, sample in samples.items()})
    readings = files.read_all(dropped, lambda path: labelled.read(path, params.max_unreadable), params.max_unreadable)
    tables = readings.values
    with_split = [path for path, table in tables.items() if table.splits]
    if with_split and len(with_split) < len(tables):
        other = next(path for path in tables if path not in with_split)
        raise InputError(f"{other}: has no column split, which {with_split[0]} has; give it one, or take it out of all")
    _save(
        pd.DataFrame(
            {
                "text": [text for table in tables.values() for text in table.texts],
                "label": [label for table in tables.values() for label in table.labels],
                "split": [split for table in tables.values() for split in (table.splits or [""] * len(table.texts))],
            }
        ),
        destination,
    )
    parts = {path.stem: {"origin": path.as_posix(), "licence": "the user's own"} for path in tables}
    left_out = [sentence for path, table in tables.items() if (sentence := table.left_out(path))]
    return Source(False, parts, [*readings.unreadable, *left_out])


def _save(table: pd.DataFrame, destination: Path) -> None:
    table.to_parquet(destination / TABLE, index=False)
