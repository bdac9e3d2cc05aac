"""The networks of the task as functions from the sub-words of a message to its translation."""

from pathlib import Path

import keras
import tensorflow as tf

from pipelines.nn.export import Input, RawFunction
from pipelines.sequence_to_sequence.params import Evaluate
from pipelines.sequence_to_sequence.release import GREEDY, OUTPUTS, Translator
from pipelines.tasks.translation.params import Params
from pipelines.tasks.translation.subwords import Subwords
from pipelines.tasks.translation.train import Meta

__all__ = ["LIMITS", "PIPELINE", "USE", "Meta", "raw_function"]
PIPELINE = "translation"
USE = "Translates short messages of programs, such as labels and warnings."
LIMITS = (
    "It was trained on messages of a few programs, and on nothing longer than a sentence or two.",
    "A translation may be fluent and wrong: let someone who knows both languages read it.",
)
SOURCE_MODEL = "source.model"


def raw_function(network: keras.Model, meta: Meta, target: str, params: Params, prepared: Path) -> RawFunction:
    """`tokens` (batch, tokens) sub-words -> `text` (batch,), with slots, and its `log_probability` (batch,)."""
    evaluate: Evaluate = params.evaluate
    translator = Translator(network, meta.targets[target], Subwords.copied, evaluate.copy_unknown)

    def call(tokens: tf.Tensor) -> dict[str, tf.Tensor]:
        answer = translator(tf.RaggedTensor.from_tensor(tokens, padding=""), "")
        return answer | {"text": tf.strings.strip(tf.strings.regex_replace(answer["text"], "▁", " "))}

    meaning = (
        f"sub-words of messages as SentencePiece gives them with the model {SOURCE_MODEL} that is beside this card: the first letter "
        "small, and ⟨1⟩, ⟨2⟩, … in place of fields, tags and addresses; filled up with empty strings"
    )
    return RawFunction(
        call,
        {"tokens": Input((None, None), "string", meaning, "[['▁save', '▁changes']]")},
        {**OUTPUTS, "text": "the translation, in UTF-8, with the slots of its source"},
        (translator.ids,),
        (
            GREEDY,
            "TensorFlow has no SentencePiece, so a message is cut into sub-words before it; slots and capitals are put back after it.",
        ),
        {SOURCE_MODEL: prepared / SOURCE_MODEL},
    )
