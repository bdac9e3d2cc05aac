"""The networks as functions from a text to the probabilities of its classes."""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from pipelines.nn import raw_text
from pipelines.nn.datasets import TOKENS
from pipelines.nn.export import Input, RawFunction
from pipelines.nn.raw_text import LETTER
from pipelines.sources.letters import SMALL
from pipelines.text_classification.data import SUBWORDS
from pipelines.text_classification.params import Params
from pipelines.text_classification.train import Meta

PIPELINE = "text-classification"
LIMITS = (
    "It knows the classes of its data and no other: every text gets one of them, whatever it is about.",
    "It has read texts of one kind, in one language; on others it was not tested.",
    "A word that training has not seen often enough is read as unknown, and what exceeds the longest text is not read.",
)
APOSTROPHE = rf"([{LETTER}])(['’][{LETTER}\p{{M}}])"
"""Within a word; what follows it is a word of its own, with it."""
BEFORE = "\x1f"
"""Mark of such an apostrophe; no text contains it after `cleaned`."""
WORD = rf"{BEFORE}['’][{LETTER}\p{{M}}]+|[{LETTER}\p{{M}}]+|[^{LETTER}\p{{M}}\s\p{{Z}}{BEFORE}]"
"""`words.WORD` in RE2, which does not look behind."""
Tensor = Any


def raw_function(network: keras.Model, meta: Meta, target: str, params: Params, prepared: Path) -> RawFunction:
    """`text` (batch,) -> `probabilities` (batch, classes) and `class` (batch,); of sub-words `tokens` (batch, tokens) instead of texts."""
    label = meta.label
    ids, classes = raw_text.table(label.vocabulary), tf.constant(label.classes, tf.string)

    def answer(words: tf.RaggedTensor) -> dict[str, Tensor]:
        logits = network({TOKENS: raw_text.encoded(words[:, : label.longest], ids)}, training=False)
        probabilities = tf.nn.softmax(tf.cast(logits, tf.float64))
        return {"probabilities": probabilities, "class": tf.gather(classes, tf.argmax(probabilities, -1))}

    outputs = {
        "probabilities": f"of the classes {', '.join(label.classes)}, in this order",
        "class": "the likeliest",
    }
    if label.unit == "words":
        return RawFunction(
            lambda text: answer(split(text, label.language)),
            {"text": Input((None,), "string", "texts in UTF-8, in Unicode's normal form C", "['what a fine day']")},
            outputs,
            (ids,),
        )
    return RawFunction(
        lambda tokens: answer(tf.RaggedTensor.from_tensor(tokens, padding="")),
        {
            "tokens": Input(
                (None, None),
                "string",
                f"sub-words as SentencePiece gives them with the model {SUBWORDS} that is beside this card, for a text in small letters "
                "whose words and marks have spaces between them; filled up with empty strings",
                "[['▁what', '▁a', '▁fine', '▁day']]",
            )
        },
        outputs,
        (ids,),
        ("TensorFlow has no SentencePiece, so a text is cut into sub-words before it.",),
        {SUBWORDS: prepared / SUBWORDS},
    )


def split(texts: Tensor, language: str) -> tf.RaggedTensor:
    """The words and marks of texts in small letters, (batch,) -> (batch, words), as `words.words` has them."""
    texts = raw_text.cleaned(texts)
    for _ in range(2):  # in a'b'c the second apostrophe is behind a letter that the first match has taken
        texts = tf.strings.regex_replace(texts, APOSTROPHE, rf"\1{BEFORE}\2")
    words = raw_text.pieces(texts, WORD)
    flat = tf.strings.regex_replace(words.flat_values, rf"{BEFORE}|[\s\p{{Z}}]", "")
    for capital, letter in SMALL.get(language, {}).items():
        flat = tf.strings.regex_replace(flat, capital, letter)
    words = words.with_flat_values(tf.strings.lower(flat, "utf-8"))
    return tf.ragged.boolean_mask(words, tf.not_equal(words, ""))
