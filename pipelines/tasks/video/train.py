"""The networks: the features or the frames of a clip in, the logits of its class out."""

import keras

from pipelines.nn.heads import Classifier, Head
from pipelines.params.blocks import Train
from pipelines.tasks.video.data import Meta, datasets
from pipelines.tasks.video.network import video_classifier
from pipelines.tasks.video.params import VideoModel

__all__ = ["Meta", "build", "datasets", "head"]


def head(meta: Meta, target: str, params: Train) -> Head:
    """One of the classes."""
    return Classifier(len(meta.label.classes))


def build(model: VideoModel, meta: Meta, target: str, head: Head) -> keras.Model:
    """`window` or `frames` -> (batch, classes) float32 logits."""
    return video_classifier(meta.label, model, head, name="video_classifier")
