"""The networks of the task: the words of a text in, the logits of its class out."""

from pipelines.text_classification.train import Meta, build, datasets, head

__all__ = ["Meta", "build", "datasets", "head"]
