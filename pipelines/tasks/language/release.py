"""The networks of the task as functions from the beginning of a text to what follows."""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from pipelines.nn import raw_decoding, raw_text
from pipelines.nn.export import Input, RawFunction
from pipelines.nn.raw_text import LETTER, SPACE
from pipelines.nn.vocabulary import END
from pipelines.tasks.language.params import Params
from pipelines.tasks.language.train import Meta

__all__ = ["LIMITS", "PIPELINE", "USE", "Meta", "raw_function"]
PIPELINE = "text-generation"
USE = "Continues a text in the manner of the texts that it was trained on, which are few: to study how a network writes, not to be read."
LIMITS = (
    "It has no knowledge and no instruction; what it writes is not true, and may be offensive where the texts are.",
    "What training has not seen often enough is read as unknown.",
)
WORD = rf" ?[{LETTER}]+| ?[^{LETTER}{SPACE}]+|[{SPACE}]"
"""`texts.WORD` in RE2."""
Tensor = Any


def raw_function(network: keras.Model, meta: Meta, target: str, params: Params, prepared: Path) -> RawFunction:
    """`prompt` (), `length` (), `temperature` () and `seed` () -> `text` (), what follows the prompt."""
    text = meta.targets[target]
    ids, words = raw_text.table(text.vocabulary), raw_text.words_of(text.vocabulary)

    def call(prompt: Tensor, length: Tensor, temperature: Tensor, seed: Tensor) -> dict[str, Tensor]:
        characters = text.unit == "characters"
        units = tf.strings.unicode_split(prompt, "UTF-8") if characters else raw_text.pieces(prompt[None], WORD)[0]
        tokens = tf.concat([[END], tf.cast(ids.lookup(units), tf.int32)], 0)
        written = raw_decoding.generate(network, tokens, length, temperature, seed)
        return {"text": tf.strings.reduce_join(tf.gather(words, written))}

    return RawFunction(
        call,
        {
            "prompt": Input((), "string", "the beginning of a text, in UTF-8", "'Once upon a time'"),
            "length": Input((), "int32", f"{text.unit} to write", "200"),
            "temperature": Input((), "float32", "0: always the most likely; 1: as learned", "0.7"),
            "seed": Input((), "int32", "another seed writes another text", "1"),
        },
        {"text": "what follows, in UTF-8"},
        (ids,),
        (
            "Above a temperature of 0 it draws other numbers than `gatehouse predict`, so that it writes another text of the same kind.",
        ),
    )
