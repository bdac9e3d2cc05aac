"""Expectations of the prepared pairs."""

from pathlib import Path

from pipelines.contract import Suite
from pipelines.sequence_to_sequence import validate
from pipelines.sequence_to_sequence.params import Validate
from pipelines.tasks.translation.data import TARGET, Meta
from pipelines.tasks.translation.subwords import Subwords

__all__ = ["Meta", "expectations"]


def expectations(prepared: Path, meta: Meta, params: Validate) -> list[Suite]:
    """Sources that belong to one part, plausible lengths, enough pairs, few unknown sub-words."""
    return validate.expectations(prepared, meta.targets[TARGET], Subwords(prepared), params)
