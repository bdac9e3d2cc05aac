"""Figures of this task: those of all texts with classes."""

from pipelines.report.language import mark
from pipelines.text_classification.report import figures, tracks

__all__ = ["QUESTION", "SEQUENCE", "TITLE", "figures", "tracks"]
TITLE = mark("Topics of news")
SEQUENCE = mark("text")
QUESTION = mark(
    "Which topic is a text about, and what do a second direction, pooling and attention add where single words already say much?"
)
