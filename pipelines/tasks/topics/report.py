"""Figures of this task: those of all texts with classes."""

from pipelines.text_classification.report import figures

__all__ = ["QUESTION", "TITLE", "figures"]
TITLE = "Topics of news"
QUESTION = "Which topic is a text about, and what do a second direction, pooling and attention add where single words already say much?"
