"""The networks of the task: a source in, its target out, word by word."""

import keras

from pipelines.nn.heads import Head
from pipelines.params.blocks import EncoderDecoder
from pipelines.sequence_to_sequence import train as pairs
from pipelines.sequence_to_sequence.params import Train
from pipelines.tasks.numbers.data import Meta, datasets

__all__ = ["Meta", "build", "datasets", "head"]


def head(meta: Meta, target: str, params: Train) -> Head:
    """The next word of the target."""
    return pairs.head(meta.targets[target], params)


def build(model: EncoderDecoder, meta: Meta, target: str, head: Head) -> keras.Model:
    """`source` (batch, steps) and `decoder_input` (batch, time) int32 -> (batch, time, vocabulary) float32 logits."""
    return pairs.build(model, meta.targets[target], head, name="numbers")
