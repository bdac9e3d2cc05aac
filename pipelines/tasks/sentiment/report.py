"""Figures of this task: those of all texts with classes."""

from pipelines.text_classification.report import figures, tracks

__all__ = ["QUESTION", "SEQUENCE", "TITLE", "figures", "tracks"]
TITLE = "Sentiment of sentences"
SEQUENCE = "text"
QUESTION = "Does a network that reads a sentence word by word tell praise from blame better than one that only counts its words?"
