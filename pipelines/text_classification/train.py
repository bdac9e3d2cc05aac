"""The networks: the tokens of a text in, the logits of its class out."""

import keras

from pipelines.nn.heads import Classifier, Head
from pipelines.params.blocks import Train
from pipelines.text_classification.data import Meta, datasets
from pipelines.text_classification.network import text_classifier
from pipelines.text_classification.params import TextClassifier

__all__ = ["Meta", "build", "datasets", "head"]


def head(meta: Meta, target: str, params: Train) -> Head:
    """One of the classes."""
    return Classifier(len(meta.label.classes))


def build(model: TextClassifier, meta: Meta, target: str, head: Head) -> keras.Model:
    """`tokens` (batch, time) int32 -> (batch, classes) float32 logits."""
    return text_classifier(len(meta.label.vocabulary), model, head, name="text_classifier")
