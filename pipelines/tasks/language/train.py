"""The networks of the task: tokens in, logits of the next token at every step."""

import keras

from pipelines.nn import layers
from pipelines.nn.heads import Head, NextToken
from pipelines.params.blocks import TokenModel, Train
from pipelines.tasks.language.data import Meta, datasets

__all__ = ["Meta", "build", "datasets", "head"]


def head(meta: Meta, target: str, params: Train) -> Head:
    """The next character or word."""
    return NextToken(len(meta.targets[target].vocabulary))


def build(model: TokenModel, meta: Meta, target: str, head: Head) -> keras.Model:
    """`tokens` (batch, time) int32 -> (batch, time, vocabulary) float32 logits; any number of time steps."""
    return layers.next_step_model(len(meta.targets[target].vocabulary), model, head, name="language")
