"""Figures of this task: those of all texts with classes."""

from pipelines.text_classification.report import figures, tracks

__all__ = ["QUESTION", "SEQUENCE", "TITLE", "figures", "tracks"]
TITLE = "Topics of news"
SEQUENCE = "text"
QUESTION = "Which topic is a text about, and what do a second direction, pooling and attention add where single words already say much?"
