"""Figures of this task: those of all texts with classes."""

from pipelines.text_classification.report import figures

__all__ = ["QUESTION", "SEQUENCE", "TITLE", "figures"]
TITLE = "Sentiment of sentences"
SEQUENCE = "text"
QUESTION = "Does a network that reads a sentence word by word tell praise from blame better than one that only counts its words?"
