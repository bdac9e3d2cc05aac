"""Figures of this task: those of all texts with classes."""

from pipelines.report.language import mark
from pipelines.text_classification.report import figures, tracks

__all__ = ["QUESTION", "SEQUENCE", "TITLE", "figures", "tracks"]
TITLE = mark("Sentiment of sentences")
SEQUENCE = mark("text")
QUESTION = mark(
    "Does a network that reads a sentence word by word tell praise from blame better than one that only counts its words?"
)
