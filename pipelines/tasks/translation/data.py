"""The prepared pairs: their metadata, and their tokens."""

from dataclasses import dataclass
from pathlib import Path

from pipelines import contract
from pipelines.nn.datasets import Pairs
from pipelines.sequence_to_sequence import data
from pipelines.sequence_to_sequence.data import PairTarget
from pipelines.tasks.translation.subwords import Subwords

TARGET = "messages"
"""The only target."""


@dataclass(frozen=True)
class Meta(contract.Meta):
    """`meta.json`."""

    targets: dict[str, PairTarget]


def datasets(prepared: Path, meta: Meta, target: str) -> dict[str, Pairs]:
    """The pairs of each split, in the order of the table."""
    return data.datasets(prepared, meta.targets[target], Subwords(prepared))
