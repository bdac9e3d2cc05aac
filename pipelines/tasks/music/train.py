"""The networks of the task: the keys of the next frame, or the next token, from all before."""

import keras

from pipelines.nn import layers
from pipelines.nn.datasets import WINDOW
from pipelines.nn.heads import Head, MultiLabel, NextToken
from pipelines.params.blocks import RecurrentLayer, TokenModel, Train
from pipelines.tasks.music import midi
from pipelines.tasks.music.data import EVENTS, TRANSFER, Meta, datasets
from pipelines.tasks.music.layers import AllBut, NoteByNote

__all__ = ["Meta", "build", "datasets", "head"]
SILENCE = -4.0
"""Log-odds with which every key of a frame begins: most are silent most of the time."""


def head(meta: Meta, target: str, params: Train) -> Head:
    """The next token, or every key of the frame."""
    return NextToken(len(meta.tokens.vocabulary)) if target == EVENTS else MultiLabel(midi.KEYS, SILENCE)


def build(model: TokenModel, meta: Meta, target: str, head: Head) -> keras.Model:
    """The network of `target`.

    `events`: `tokens` (batch, time) int32 -> (batch, time, vocabulary) logits. `frames` and `transfer`: `window` (batch, frames,
    features) float32 -> (batch, frames, 88) logits.
    """
    if target == EVENTS:
        return layers.next_step_model(len(meta.tokens.vocabulary), model, head, name=target)
    return frames_model(len(meta.targets[target].groups), model, head, target, note_by_note=target == TRANSFER)


def frames_model(features: int, model: TokenModel, head: Head, name: str, note_by_note: bool) -> keras.Model:
    """Recurrent layers, dense layers with ReLU, then the logit of every key in every frame.

    `note_by_note`: the last 88 features are the frame itself, of which each key's logit sees those above it. A layer that reads
    backwards raises `ParameterError`.
    """
    layers.require_unidirectional(model, name, "what is to be predicted")

    def build(stack: tuple[RecurrentLayer, ...]) -> keras.Model:
        window = keras.Input((None, features), name=WINDOW)
        hidden = AllBut(midi.KEYS, name="before")(window) if note_by_note else window
        logits = head.output(layers.dense(layers.recurrent_stack(hidden, stack, model), model))
        return keras.Model(
            {WINDOW: window}, NoteByNote(name="notes")([logits, window]) if note_by_note else logits, name=name
        )

    return layers.size_matched(build, model)
