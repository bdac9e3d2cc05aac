"""The networks of the task as functions from a number in words to the same in another language."""

from pathlib import Path

import keras
import tensorflow as tf

from pipelines.nn import raw_text
from pipelines.nn.export import Input, RawFunction
from pipelines.nn.raw_text import LETTER, SPACE
from pipelines.sequence_to_sequence.release import GREEDY, OUTPUTS, Translator
from pipelines.tasks.numbers.data import WORDS
from pipelines.tasks.numbers.params import Params
from pipelines.tasks.numbers.train import Meta

__all__ = ["LIMITS", "PIPELINE", "USE", "Meta", "raw_function"]
PIPELINE = "translation"
USE = "Writes a number that is given in words in the words of another language: a small problem on which attention can be seen at work."
LIMITS = (
    "A rule of a few lines does the same without a mistake; it is for study.",
    "Numbers that are longer than those of training go wrong far more often.",
)
WORD = rf"[{LETTER}]+|[^{LETTER}{SPACE}]"
"""`data.WORD` in RE2."""


def raw_function(network: keras.Model, meta: Meta, target: str, params: Params, prepared: Path) -> RawFunction:
    """`source` (batch,) -> `text` (batch,) and its `log_probability` (batch,)."""
    translator = Translator(network, meta.targets[target], WORDS.copied, params.evaluate.copy_unknown)

    def call(source: tf.Tensor) -> dict[str, tf.Tensor]:
        return translator(words(source), " ")

    meaning = "numbers in words, in UTF-8"
    return RawFunction(
        call,
        {"source": Input((None,), "string", meaning, "['three hundred twelve']")},
        OUTPUTS,
        (translator.ids,),
        (GREEDY,),
    )


def words(texts: tf.Tensor) -> tf.RaggedTensor:
    """The words and marks of texts in small letters, (batch,) -> (batch, words), as `data.WORDS` has them."""
    found = raw_text.pieces(tf.strings.lower(texts, "utf-8"), WORD)
    found = found.with_flat_values(tf.strings.regex_replace(found.flat_values, f"[{SPACE}]", ""))
    return tf.ragged.boolean_mask(found, tf.not_equal(found, ""))
