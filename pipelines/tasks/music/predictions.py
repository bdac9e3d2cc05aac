"""What a method puts out where it carries pieces into another style."""

from dataclasses import dataclass

from pipelines.contract import Prediction
from pipelines.tasks.music import rolls


@dataclass(frozen=True)
class PredictionAndTransfer(Prediction):
    """The logits of pieces as they are, and the pieces in their new style."""

    cells: rolls.Roll
    """(batch, window, 88)."""
