"""The networks of the task: a source in, its target out, word by word."""

import keras

from pipelines.nn.encoder_decoder import encoder_decoder
from pipelines.nn.heads import Decoder, Head
from pipelines.params.blocks import EncoderDecoder, Train
from pipelines.tasks.numbers.data import Meta, datasets

__all__ = ["Meta", "build", "datasets", "head"]


def head(meta: Meta, target: str, params: Train) -> Head:
    """The next word of the target."""
    return Decoder(len(meta.words.target_vocabulary))


def build(model: EncoderDecoder, meta: Meta, target: str, head: Head) -> keras.Model:
    """`source` (batch, steps) and `decoder_input` (batch, time) int32 -> (batch, time, vocabulary) float32 logits."""
    sources, targets = len(meta.words.source_vocabulary), len(meta.words.target_vocabulary)
    return encoder_decoder(sources, targets, model, head, name="numbers")
