"""Outputs of methods that also transfer style."""

from dataclasses import dataclass

from pipelines.contract import BatchPrediction
from pipelines.tasks.music import rolls


@dataclass(frozen=True)
class PredictionAndTransfer(BatchPrediction):
    """The logits of pieces as they are, and the pieces in their new style."""

    cells: rolls.Roll
    """(batch, window, 88)."""
