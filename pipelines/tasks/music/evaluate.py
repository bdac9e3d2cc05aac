"""Likelihood of the test pieces under the trained networks; what they generate, and pieces in another style."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines.analysis import gates, gradients, importance
from pipelines.contract import EXPLAINED, Dataset, Evaluation, Predictions
from pipelines.nn import datasets as batches
from pipelines.nn import generation, inference, views
from pipelines.nn.heads import Head
from pipelines.nn.views import SEQUENCE
from pipelines.nn.vocabulary import SPECIAL
from pipelines.tasks.music import measures, midi, rolls
from pipelines.tasks.music.data import (
    EVENTS,
    FRAMES,
    KEYS_TARGET,
    TRANSFER,
    Rolls,
    mark,
    notes_of,
    openings,
    piece_of,
)
from pipelines.tasks.music.params import MusicEvaluate, Params
from pipelines.tasks.music.predictions import PredictionAndTransfer
from pipelines.tasks.music.records import ClipRecord, Generated, Inside, Measured, Stretch, Transferred
from pipelines.tasks.music.score import METRICS, score_frames, score_tokens, score_transfer
from pipelines.tasks.music.train import Meta, datasets, head
from pipelines.tasks.music.transfer import TEMPERATURE, transfer

__all__ = ["AVERAGED", "METRICS", "Meta", "datasets", "evaluate", "head", "illustrate", "predictions", "view"]
AVERAGED = ()
BATCH = 64


def predictions(
    network: keras.Model, head: Head, meta: Meta, target: str, dataset: Dataset, params: Params
) -> Predictions:
    """Logits of the next tokens, or of every key in every frame; for style transfer the pieces in their new style too."""
    if target != TRANSFER:
        return inference.predictions(network, dataset, BATCH)
    assert isinstance(dataset, Rolls)
    return _with_transfer(network, dataset)


def _with_transfer(network: keras.Model, examples: Rolls) -> Predictions:
    moved = examples.moved()
    for indices in batches.in_order(examples, BATCH):
        logits = network.predict_on_batch(examples.batch(indices).inputs)
        yield PredictionAndTransfer(
            indices, logits, transfer(network, moved, indices, TEMPERATURE, seed=int(indices[0]))
        )


def evaluate(
    prepared: Path, meta: Meta, target: str, split: str, predictions: Predictions, params: Params
) -> Evaluation:
    """Score the networks' outputs."""
    examples = datasets(prepared, meta, target)[split]
    if target == EVENTS:
        return score_tokens(*inference.bits_per_token(examples, predictions))
    return score_frames(examples, meta, predictions) if target == FRAMES else score_transfer(
        prepared, examples, meta, predictions
    )  # fmt: skip


def view(network: keras.Model, head: Head, meta: Meta, target: str) -> views.View:
    """From embedded tokens to the most likely next one, or from frames to the most likely key of the last; neutral is silence."""
    if target == EVENTS:
        return views.of_tokens(network, head, len(SPECIAL), "the most frequent token")
    return views.of_window(network, head, np.zeros(len(meta.targets[target].groups), np.float32), "silence")


def illustrate(
    network: keras.Model, head: Head, prepared: Path, meta: Meta, target: str, params: Params, files: Path
) -> Any:
    """Gates and memory on a stretch of each style; generated pieces, with measures and sound; pieces before and after style transfer."""
    if target == FRAMES:
        return _inside(network, view(network, head, meta, target), prepared, meta)
    if target == EVENTS:
        return _generated(network, prepared, meta, params.evaluate, files)
    return _transferred(network, prepared, meta, params.evaluate, files)


# Inside


def _inside(network: keras.Model, explained_view: views.View, prepared: Path, meta: Meta) -> Inside:
    """Of one stretch of each style: keys, gates and memory of the last layer, and contributions to the most likely last key."""
    examples = datasets(prepared, meta, FRAMES)[EXPLAINED]
    stretches = []
    for style_index, style in enumerate(meta.styles):
        of_style = np.flatnonzero(examples.table["style"] == style_index)
        if not len(of_style):
            continue
        batch = examples.batch(of_style[:1])
        inputs = explained_view.embed(batch.inputs)
        last = gates.trace(network, batch.inputs).traces[-1]
        assert explained_view.neutral is not None
        attributions = importance.integrated_gradients(explained_view.network, inputs, explained_view.neutral).values[0]
        stretches.append(
            Stretch(
                style,
                batch.targets[KEYS_TARGET][0].astype(bool),
                {
                    name: values[0].T.astype(np.float16)
                    for name, values in {**last.gates, "memory": last.memory}.items()
                },
                gradients.magnitudes(explained_view.likeliest(), inputs, SEQUENCE, (0,))[0][0],
                attributions[:, : midi.KEYS].astype(np.float32),
                int(explained_view.network.predict_on_batch(inputs)[0].argmax()),
            )
        )
    return Inside(stretches)


# Generation


def _generated(network: keras.Model, prepared: Path, meta: Meta, sizes: MusicEvaluate, files: Path) -> Generated:
    """Pieces generated from a style's mark alone, by style and temperature, with their measures and the longest run each shares with a
    training piece; and some test pieces, continued from their opening.
    """
    ids = meta.tokens.vocabulary.ids
    training = [notes for style in meta.styles for notes in notes_of(prepared, meta, "train", style)]
    known = measures.Corpus(map(measures.intervals, training))
    measured: list[Measured] = []
    clips: list[ClipRecord | None] = []

    def write(prompts: Sequence[NDArray[np.int32]], temperature: float, seed: int) -> list[midi.Piece]:
        rows = generation.generate(network, prompts, sizes.length, temperature, 0, sizes.top_p, seed)
        return [
            piece_of(np.concatenate([prompt, row]), meta, sizes.tempo)
            for prompt, row in zip(prompts, rows, strict=True)
        ]

    for style_index, style in enumerate(meta.styles):
        program = sizes.program(style)
        begin = np.array([ids[mark(style)]], np.int32)
        for temperature in sizes.temperatures:
            pieces = write([begin] * sizes.pieces, temperature, seed=style_index)
            measured.append(_measured(style, temperature, [piece.notes for piece in pieces], known))
            for index, piece in enumerate(pieces[: sizes.heard], start=1):
                group = f"{style}, from nothing, temperature {temperature:g}"
                file = f"style-{style_index}-temperature-{temperature:g}-{index}"
                clips.append(_clip(files, file, group, f"piece {index}", piece, program, sizes.seconds))
        prompts = openings(prepared, meta, style, sizes.opening, sizes.heard)
        continued = write(prompts, min(sizes.temperatures), seed=style_index)
        for index, (prompt, piece) in enumerate(zip(prompts, continued, strict=True), start=1):
            given = piece_of(prompt, meta, sizes.tempo).quarters
            group = f"{style}, from the opening of a test piece"
            file = f"style-{style_index}-opening-{index}"
            clips.append(_clip(files, file, group, f"piece {index}", piece, program, sizes.seconds, given))
        measured.append(_measured(style, None, notes_of(prepared, meta, "test", style), known))
    return Generated(measured, [clip for clip in clips if clip])


def _measured(style: str, temperature: float | None, pieces: Sequence[midi.Notes], known: measures.Corpus) -> Measured:
    rows = [measures.of_notes(notes) for notes in pieces]
    return Measured(
        style,
        temperature,
        {measure: np.array([row[measure] for row in rows]) for measure in measures.MEASURES},
        np.array([known.longest_run(measures.intervals(notes)) for notes in pieces]),
    )


# Style transfer


def _transferred(network: keras.Model, prepared: Path, meta: Meta, sizes: MusicEvaluate, files: Path) -> Transferred:
    """Some test pieces of each style before and after style transfer."""
    examples = datasets(prepared, meta, TRANSFER)["test"]
    moved = examples.moved()
    clips: list[ClipRecord | None] = []
    for style_index, style in enumerate(meta.styles):
        of_style = np.flatnonzero(
            (examples.table["style"] == style_index) & (examples.table["begin"] == examples.table["first"])
        )
        indices = of_style[np.linspace(0, len(of_style) - 1, min(sizes.heard, len(of_style))).astype(int)]
        after = transfer(network, moved, indices, TEMPERATURE, seed=1)
        before = examples.cells(indices)[:, 1:]
        for row, example in enumerate(indices):
            new = meta.styles[moved.table["style"][example]]
            pair = (("before", before, examples, style), ("after", after, moved, new))
            for kind, roll, examples_of, played in pair:
                length = examples_of.frames_of(indices[row : row + 1])[0]
                piece = midi.Piece(rolls.to_notes(roll[row, :length], meta.steps), ((0.0, sizes.tempo),))
                group = f"{style} → {new}, piece {row + 1}"
                file = f"transfer-{style_index}-{row + 1}-{kind}"
                clips.append(_clip(files, file, group, kind, piece, sizes.program(played), sizes.seconds))
    return Transferred([clip for clip in clips if clip])


def _clip(
    files: Path,
    file: str,
    group: str,
    name: str,
    piece: midi.Piece,
    program: int,
    longest: float,
    given: float = 0.0,
) -> ClipRecord | None:
    """Save the beginning of a piece as MIDI and sound; return its notes and loudness, or None if it has no note."""
    heard = piece.notes[midi.seconds(piece, piece.notes["start"]) < longest]
    if not len(heard):
        return None
    cut = midi.Piece(heard, piece.tempi, piece.signatures)
    midi.write(cut, files / f"{file}.mid", program)
    sound = midi.render(cut, program)
    midi.write_sound(files / f"{file}.mp3", sound)
    notes = np.stack([heard["start"], heard["end"], heard["pitch"]], axis=1)
    peak, loudness = float(np.abs(sound).max()), float(np.sqrt(np.mean(sound**2)))
    return ClipRecord(file, group, name, notes, given, peak, loudness)
