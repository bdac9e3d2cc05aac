"""The networks: an utterance's spectrogram in, the logits of blank and characters at every step out."""

import keras

from pipelines.nn.heads import CTC, Head
from pipelines.params.blocks import Train
from pipelines.tasks.speech.data import Meta, datasets
from pipelines.tasks.speech.network import transcriber
from pipelines.tasks.speech.params import SpeechModel

__all__ = ["Meta", "build", "datasets", "head"]


def head(meta: Meta, target: str, params: Train) -> Head:
    """Any of the characters, or the blank, at every step."""
    return CTC(len(meta.transcript.alphabet))


def build(model: SpeechModel, meta: Meta, target: str, head: Head) -> keras.Model:
    """`sound` and `mask` -> (batch, steps, 1 + characters) float32 logits."""
    info = meta.transcript
    return transcriber(len(info.features), info.prepare.strides, model, head, name="transcriber")
