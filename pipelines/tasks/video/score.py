"""The metrics of classes."""

from pipelines.classification.score import METRICS

__all__ = ["METRICS"]
