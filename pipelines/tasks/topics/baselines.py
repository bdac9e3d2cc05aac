"""Linear classifiers of words."""

from pipelines.text_classification.baselines import Meta, baselines

__all__ = ["Meta", "baselines"]
