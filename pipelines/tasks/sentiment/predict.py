"""`predict sentiment TEXT…`: the class of each text."""

from pipelines.text_classification.predict import arguments, predict

__all__ = ["arguments", "predict"]
