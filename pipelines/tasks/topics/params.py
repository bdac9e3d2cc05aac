"""The block `topics`."""

from pipelines.text_classification.params import Params

__all__ = ["Params"]
