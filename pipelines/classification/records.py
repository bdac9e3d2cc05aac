"""What is stored of a classifier's test predictions, for its charts."""

from dataclasses import dataclass

from pipelines.contract import Array, Floats


@dataclass(frozen=True)
class Mistake:
    """A test item whose likeliest class is not its own."""

    item: str
    label: str
    predicted: str
    confidence: float
    """The probability of the predicted class."""
    probability: float
    """That of its own."""


@dataclass(frozen=True)
class Calibration:
    """How often the likeliest class is right, by its probability: bins of equal width from 0 to 1, (bins,) each; NaN in empty bins."""

    counts: Array
    confidence: Floats
    """Mean probability of the likeliest class."""
    accuracy: Floats


@dataclass(frozen=True)
class Classified:
    """The test predictions of one seed, or of a baseline."""

    classes: list[str]
    confusion: Array
    """(classes, predicted classes) counts."""
    calibration: Calibration
    mistakes: list[Mistake]
    """The most confident ones, the worst first."""
