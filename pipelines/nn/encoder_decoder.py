"""Sequence to sequence: a bidirectional encoder, and a decoder that attends to its states.

A network consists of two models, so that decoding runs the encoder once and the decoder step by step:

    encoder   `source` (batch, steps) int32 -> [memory (batch, steps, features), mask (batch, steps), states of the decoder …]
    decoder   [tokens (batch, time) int32, memory, mask, states …] -> [logits (batch, time, vocabulary), states …, and with attention its
              weights (batch, time, steps)]

The final states of both directions become the decoder's first ones through a layer with tanh. The context enters the output layer: the
logits are of tanh(W [hidden state; context]) (Luong et al. 2015, equation 5).
"""

from typing import Any

import keras
from keras import ops

from pipelines.contract import Array
from pipelines.nn import layers
from pipelines.nn.attention import Attention
from pipelines.nn.datasets import DECODER_INPUT, SOURCE
from pipelines.nn.heads import Head
from pipelines.nn.vocabulary import PADDING
from pipelines.params.blocks import EncoderDecoder, RecurrentLayer

ENCODER, DECODER, ATTENTION, LEXICON = "encoder", "decoder", "attention", "lexicon"


@keras.saving.register_keras_serializable("gatehouse")
class IsToken(keras.layers.Layer):
    """(batch, steps) tokens -> (batch, steps) bool, False at padding."""

    def call(self, tokens: Any) -> Any:
        """Compare."""
        return ops.not_equal(tokens, PADDING)


@keras.saving.register_keras_serializable("gatehouse")
class Unmasked(keras.layers.Layer):
    """Its input, without the mask that Keras attaches to it: the decoder gets the mask as a separate input."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.supports_masking = True

    def call(self, values: Any) -> Any:
        """A copy: the mask is attached to the tensor itself."""
        return ops.copy(values)

    def compute_mask(self, values: Any, mask: Any = None) -> None:
        """None."""


@keras.saving.register_keras_serializable("gatehouse")
class FirstFeatures(keras.layers.Layer):
    """(…, features) -> (…, size)."""

    def __init__(self, size: int, **options: Any) -> None:
        super().__init__(**options)
        self.size = size

    def call(self, values: Any) -> Any:
        """The first `size` features."""
        return values[..., : self.size]

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "size": self.size}


@keras.saving.register_keras_serializable("gatehouse")
class LexiconBias(keras.layers.Layer):
    """Logits, and the log-probability of the table's translations of what is attended to (Arthur et al. 2016, equations 5 and 8).

    `logits` (batch, time, vocabulary), `weights` (batch, time, steps), `memory` (batch, steps, features) whose last features are the
    probabilities of all translations of each step.
    """

    FLOOR = 0.001

    def call(self, logits: Any, weights: Any, memory: Any) -> Any:
        """logits + log(weights · translations + floor), float32."""
        # The product is cut, not the memory, which is by far the larger; the table is not trained.
        translations = ops.matmul(weights, ops.stop_gradient(memory))[..., -logits.shape[-1] :]
        return logits + ops.log(ops.cast(translations, "float32") + self.FLOOR)

    def compute_mask(self, *inputs: Any, **options: Any) -> None:
        """None: the loss has weights of its own."""


def encoder_decoder(
    sources: int, targets: int, model: EncoderDecoder, head: Head, name: str, lexicon: Array | None = None
) -> keras.Model:
    """The network: `source` and `decoder_input` -> logits (batch, time, targets). `sources` and `targets` are sizes of vocabularies.

    `lexicon` (sources, targets) has the probability of each translation of a token, for models that use it.
    """

    def build(stack: tuple[RecurrentLayer, ...]) -> keras.Model:
        split = len(model.encoder)
        sized = model.model_copy(update={"encoder": stack[:split], "decoder": stack[split:]})
        encoder, decoder = _encoder(sources, targets, sized), _decoder(targets, sized, head)
        if model.lexicon:
            encoder.get_layer(LEXICON).set_weights([lexicon])
        source = keras.Input((None,), dtype="int32", name=SOURCE)
        tokens = keras.Input((None,), dtype="int32", name=DECODER_INPUT)
        logits, *_ = decoder([tokens, *encoder(source)])
        return keras.Model({SOURCE: source, DECODER_INPUT: tokens}, logits, name=name)

    return layers.size_matched(build, model)


def _state_sizes(options: RecurrentLayer) -> list[int]:
    probe = layers.layer(options.model_copy(update={"bidirectional": False}), return_sequences=True, name="probe")
    size = probe.cell.state_size
    return list(size) if isinstance(size, list | tuple) else [size]


def _encoder(vocabulary: int, targets: int, model: EncoderDecoder) -> keras.Model:
    source = keras.Input((None,), dtype="int32", name=SOURCE)
    mask = IsToken(name="mask")(source)
    embedded = layers.embedding(vocabulary, model)(source)
    hidden = embedded = keras.layers.Dropout(model.dropout, name="embedding_dropout")(embedded)
    states: list[Any] = []
    for index, options in enumerate(model.encoder, start=1):
        recurrent = layers.layer(options, return_sequences=True, name=f"{options.cell}_{index}", return_state=True)
        hidden, *states = recurrent(hidden, mask=mask)
        hidden = keras.layers.Dropout(model.dropout, name=f"dropout_{index}")(hidden)
    ends = states[:1] if not model.encoder[-1].bidirectional else [states[0], states[len(states) // 2]]
    end = ends[0] if len(ends) == 1 else keras.layers.Concatenate(name="ends")(ends)
    first = [
        keras.layers.Dense(size, activation="tanh", name=f"bridge_{index}_{state}")(end)
        for index, options in enumerate(model.decoder, start=1)
        for state, size in enumerate(_state_sizes(options), start=1)
    ]
    if model.lexical:
        hidden = keras.layers.Concatenate(name="states_and_embeddings")([hidden, embedded])
    if model.lexicon:
        rows = keras.layers.Embedding(
            vocabulary, targets, embeddings_initializer="zeros", trainable=False, name=LEXICON
        )
        hidden = keras.layers.Concatenate(name="states_and_translations")([hidden, rows(source)])
    return keras.Model(source, [Unmasked(name="memory")(hidden), mask, *first], name=ENCODER)


def _decoder(vocabulary: int, model: EncoderDecoder, head: Head) -> keras.Model:
    last = model.encoder[-1]
    features = last.units * (2 if last.bidirectional else 1) + (model.embedding if model.lexical else 0)
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    whole = memory = keras.Input((None, features + (vocabulary if model.lexicon else 0)), name="memory")
    if model.lexicon:
        memory = FirstFeatures(features, name="states")(whole)
    mask = keras.Input((None,), dtype="bool", name="memory_mask")
    hidden = layers.embedding(vocabulary, model)(tokens)
    hidden = keras.layers.Dropout(model.dropout, name="embedding_dropout")(hidden)
    real = IsToken(name="mask")(tokens)
    first: list[Any] = []
    after: list[Any] = []
    for index, options in enumerate(model.decoder, start=1):
        name = f"{options.cell}_{index}"
        states = [keras.Input((size,), name=f"{name}_{state}") for state, size in enumerate(_state_sizes(options))]
        recurrent = layers.layer(options, return_sequences=True, name=name, return_state=True)
        hidden, *ends = recurrent(hidden, initial_state=states, mask=real)
        hidden = keras.layers.Dropout(model.dropout, name=f"dropout_{index}")(hidden)
        first += states
        after += ends
    attended: list[Any] = []
    if model.attention:
        attention = Attention(model.attention, model.decoder[-1].units, name=ATTENTION)
        context, weights = attention(hidden, memory, mask)
        attended = [weights]
        joined = keras.layers.Concatenate(name="hidden_and_context")([hidden, context])
        hidden = keras.layers.Dense(model.decoder[-1].units, activation="tanh", name="attentional")(joined)
    logits = head.output(hidden)
    if model.lexicon:
        logits = LexiconBias(name="lexicon_bias", dtype="float32")(logits, weights, whole)
    return keras.Model([tokens, whole, mask, *first], [logits, *after, *attended], name=DECODER)
