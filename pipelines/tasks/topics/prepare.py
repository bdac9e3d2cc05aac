"""The prepared texts of topics."""

from pathlib import Path

from pipelines.text_classification import prepare as texts
from pipelines.text_classification.data import Meta
from pipelines.text_classification.params import Prepare


def prepare(raw: Path, params: Prepare, destination: Path) -> Meta:
    """Write the table of texts with their split, and the tokens of each split; data that leave nothing to learn raise `InputError`."""
    return texts.prepare("topics", raw, params, destination)
