"""From the tokens of a text to its class."""

import keras

from pipelines.nn import layers
from pipelines.nn.datasets import TOKENS
from pipelines.nn.encoder_decoder import IsToken
from pipelines.nn.heads import Head
from pipelines.nn.pooling import AttentionPooling, Pooling, WordDropout
from pipelines.params.blocks import RecurrentLayer
from pipelines.text_classification.params import TextClassifier


def text_classifier(vocabulary: int, model: TextClassifier, head: Head, name: str) -> keras.Model:
    """Embedding, recurrent layers, pooling over time, dense layers with ReLU, then the head: `tokens` (batch, time) int32 -> (batch, …).

    Padding on the right is masked in every layer. Pooling `last` takes the state after the last token, and of a bidirectional layer the
    final states of both directions. The mask is computed from the tokens, not by the embedding, so that explanations can begin behind it.
    """

    def build(stack: tuple[RecurrentLayer, ...]) -> keras.Model:
        tokens = keras.Input((None,), dtype="int32", name=TOKENS)
        mask = IsToken(name="mask")(tokens)
        read = WordDropout(model.word_dropout, name="word_dropout")(tokens) if model.word_dropout else tokens
        hidden = layers.embedding(vocabulary, model)(read)
        hidden = keras.layers.SpatialDropout1D(model.embedding_dropout, name="embedding_dropout")(hidden)
        for index, options in enumerate(stack, start=1):
            every_step = index < len(stack) or model.pooling != "last"
            hidden = layers.layer(options, return_sequences=every_step, name=f"{options.cell}_{index}")(
                hidden, mask=mask
            )
            hidden = keras.layers.Dropout(model.dropout, name=f"dropout_{index}")(hidden)
        if model.pooling == "attention":
            hidden = AttentionPooling(name="pooling")(hidden, mask)
        elif model.pooling != "last":
            hidden = Pooling(model.pooling, name="pooling")(hidden, mask)
        return keras.Model({TOKENS: tokens}, head.output(layers.dense(hidden, model)), name=name)

    return layers.size_matched(build, model)
