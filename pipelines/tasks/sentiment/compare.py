"""The deciding metric."""

from pipelines.text_classification.compare import Meta, primary

__all__ = ["Meta", "primary"]
