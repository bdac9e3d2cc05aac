"""From the spectrogram of an utterance to the symbols of its transcript."""

import keras

from pipelines.nn import layers
from pipelines.nn.heads import Head
from pipelines.params.blocks import RecurrentLayer
from pipelines.tasks.speech.data import MASK, SOUND
from pipelines.tasks.speech.layers import EveryNth, MaskedBatchNormalization, SpecAugment
from pipelines.tasks.speech.params import SpeechModel

MOMENTUM = 0.9
"""Of the means in batch normalisation. Keras's own would need thousands of steps to forget what they begin with."""


def transcriber(bands: int, strides: tuple[int, ...], model: SpeechModel, head: Head, name: str) -> keras.Model:
    """SpecAugment, convolutions with batch normalisation, recurrent layers, the head at every step.

    `sound` (batch, frames, bands) float32 and `mask` (batch, frames) bool -> (batch, ceil(frames / stride), …). Padding is on the right. A
    convolution sees no frame of the future, so that it sees no padding either, and a network of one direction could listen to
    sound as it comes; means and variances of batch normalisation leave padding out.
    """

    def build(stack: tuple[RecurrentLayer, ...]) -> keras.Model:
        sound = keras.Input((None, bands), name=SOUND)
        steps = mask = keras.Input((None,), dtype="bool", name=MASK)
        hidden = sound
        if model.time_masks or model.mel_masks:
            masks = (model.time_masks, model.time_width, model.mel_masks, model.mel_width)
            hidden = SpecAugment(*masks, name="spec_augment")(hidden, mask)
        for index, (filters, stride) in enumerate(zip(model.filters, strides, strict=True), start=1):
            convolution = keras.layers.Conv1D(
                filters, model.kernel, stride, padding="causal", use_bias=False, name=f"convolution_{index}"
            )
            hidden = convolution(hidden)
            steps = EveryNth(stride, name=f"mask_{index}")(steps)
            hidden = MaskedBatchNormalization(momentum=MOMENTUM, name=f"normalisation_{index}")(hidden, mask=steps)
            hidden = keras.layers.ReLU(name=f"relu_{index}")(hidden)
        hidden = keras.layers.Dropout(model.dropout, name="dropout")(hidden)
        for index, options in enumerate(stack, start=1):
            hidden = layers.layer(options, return_sequences=True, name=f"{options.cell}_{index}")(hidden, mask=steps)
            hidden = keras.layers.Dropout(model.dropout, name=f"dropout_{index}")(hidden)
        return keras.Model({SOUND: sound, MASK: mask}, head.output(layers.dense(hidden, model)), name=name)

    return layers.size_matched(build, model)
