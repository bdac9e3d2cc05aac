"""The networks: a source in, its target out, token by token."""

import keras

from pipelines.contract import Array
from pipelines.nn.encoder_decoder import encoder_decoder
from pipelines.nn.heads import Decoder, Head
from pipelines.params.blocks import EncoderDecoder
from pipelines.sequence_to_sequence.data import PairTarget
from pipelines.sequence_to_sequence.params import Train


def head(target: PairTarget, params: Train) -> Head:
    """The next token of the target."""
    return Decoder(len(target.target_vocabulary), params.label_smoothing)


def build(
    model: EncoderDecoder, target: PairTarget, head: Head, name: str, lexicon: Array | None = None
) -> keras.Model:
    """`source` (batch, steps) and `decoder_input` (batch, time) int32 -> (batch, time, vocabulary) float32 logits."""
    return encoder_decoder(len(target.source_vocabulary), len(target.target_vocabulary), model, head, name, lexicon)
