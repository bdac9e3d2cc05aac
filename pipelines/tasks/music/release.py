"""The networks of the task as functions: from a style to a piece in tokens, and from piano rolls to the keys that follow."""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from pipelines.nn import raw_decoding, raw_text
from pipelines.nn.datasets import WINDOW
from pipelines.nn.export import Input, RawFunction
from pipelines.tasks.music.data import EVENTS, FRAMES, mark
from pipelines.tasks.music.midi import KEYS
from pipelines.tasks.music.params import Params
from pipelines.tasks.music.train import Meta

__all__ = ["LIMITS", "PIPELINE", "USE", "Meta", "raw_function"]
PIPELINE = "other"
USE = (
    "Writes pieces in the styles that it was trained on, and says how likely each key is in the next frame: for study."
)
LIMITS = (
    "It knows nothing of form beyond some bars; pieces that it writes have no plan.",
    "What it writes may repeat a passage of training: the report shows the longest run that each piece shares with one.",
)
Tensor = Any


def raw_function(network: keras.Model, meta: Meta, target: str, params: Params, prepared: Path) -> RawFunction:
    """`events`: a style -> tokens. `frames`: piano rolls and styles -> probabilities. `transfer`: prepared frames -> probabilities."""
    if target == EVENTS:
        return _events(network, meta)
    return _frames(network, meta) if target == FRAMES else _transfer(network, meta)


def _events(network: keras.Model, meta: Meta) -> RawFunction:
    vocabulary = meta.tokens.vocabulary
    ids, words = raw_text.table(vocabulary), raw_text.words_of(vocabulary)
    styles = raw_text.Choices(meta.styles, "style")

    def call(style: Tensor, length: Tensor, temperature: Tensor, seed: Tensor) -> dict[str, Tensor]:
        begin = tf.gather(tf.constant([mark(name) for name in meta.styles]), styles.index(style))
        prompt = tf.cast(ids.lookup(begin), tf.int32)[None]
        return {"tokens": tf.gather(words, raw_decoding.generate(network, prompt, length, temperature, seed))}

    return RawFunction(
        call,
        {
            "style": Input((), "string", f"one of {', '.join(meta.styles)}", repr(meta.styles[0])),
            "length": Input((), "int32", "tokens to write; a quarter note has some four to ten", "200"),
            "temperature": Input((), "float32", "0: always the most likely; 1: as learned", "0.9"),
            "seed": Input((), "int32", "another seed writes another piece", "1"),
        },
        {
            "tokens": f"words of MidiTok's REMI, with {meta.steps} positions in a quarter note, from which MidiTok makes MIDI"
        },
        (ids, styles.table),
        (
            "Above a temperature of 0 it draws other numbers than `gatehouse predict`, and from all tokens instead of the likeliest.",
        ),
    )


def _frames(network: keras.Model, meta: Meta) -> RawFunction:
    styles = raw_text.Choices(meta.styles, "style")

    def call(keys: Tensor, style: Tensor) -> dict[str, Tensor]:
        chosen = tf.one_hot(styles.index(style), len(meta.styles))[:, None]
        repeated = tf.repeat(chosen, tf.shape(keys)[1], axis=1)
        window = tf.concat([tf.cast(keys, tf.float32), repeated], -1)
        return {"probabilities": tf.sigmoid(network({WINDOW: window}, training=False))}

    return RawFunction(
        call,
        {
            "keys": Input(
                (None, None, KEYS),
                "bool",
                f"which of the {KEYS} keys of a piano sound in each frame of a piece, the lowest first",
                f"[[[key == 39 for key in range({KEYS})]] * 16]",
            ),
            "style": Input(
                (None,), "string", f"one of {', '.join(meta.styles)} for each piece", f"[{meta.styles[0]!r}]"
            ),
        },
        {"probabilities": "of every key in the frame after each, (batch, frames, keys)"},
        (styles.table,),
    )


def _transfer(network: keras.Model, meta: Meta) -> RawFunction:
    features = len(meta.rolls_of("transfer").groups)

    def call(window: Tensor) -> dict[str, Tensor]:
        return {"probabilities": tf.sigmoid(network({WINDOW: window}, training=False))}

    return RawFunction(
        call,
        {
            WINDOW: Input(
                (None, None, features),
                "float32",
                "frames as the task prepares them: the keys before, the style, how many keys sound, the melody, and the keys themselves",
                f"[[[0.0] * {features}] * 16]",
            )
        },
        {"probabilities": "of every key, given the keys above it in the same frame, (batch, frames, keys)"},
        limits=(
            "The frames of a style transfer come prepared; drawing the keys one after the other is left to `gatehouse predict`.",
        ),
    )
