"""Expectations of the prepared texts."""

from pipelines.text_classification.validate import Meta, expectations

__all__ = ["Meta", "expectations"]
