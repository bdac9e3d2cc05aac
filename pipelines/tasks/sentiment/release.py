"""The networks of the task as functions from a text to the probabilities of its classes."""

from pipelines.text_classification.release import LIMITS, PIPELINE, raw_function
from pipelines.text_classification.train import Meta

__all__ = ["LIMITS", "PIPELINE", "USE", "Meta", "raw_function"]
USE = "Says whether a sentence of a review is positive or negative."
