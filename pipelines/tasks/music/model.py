"""The networks of the task: a frame's keys or the next token foreseen, a piece carried over into another style; and what they write."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from pipelines.analysis import gates, gradients, importance
from pipelines.contract import EXPLAINED, Meta
from pipelines.nn import datasets, layers, sampling, tokens
from pipelines.nn.checkpoints import Classes, Readout
from pipelines.params.blocks import LanguageModel
from pipelines.sources import measures, midi, rolls
from pipelines.tasks.music import data
from pipelines.tasks.music.data import STREAMS, UNKNOWN

BATCH = 64
TEMPERATURE = 1.0
"""At which the keys of a piece in another style are drawn."""
Arrays = dict[str, NDArray[Any]]


def build(model: LanguageModel, meta: Meta, target: str) -> keras.Model:
    """The network of `target`.

    `events`: (batch, time) int32 -> (batch, time, vocabulary) logits. `frames` and `transfer`: (batch, frames, features) float32 ->
    (batch, frames, 88) logits.
    """
    about = meta["targets"][target]
    if target == "events":
        return layers.next_step_model(len(about["vocabulary"]), model, name=target)
    note_by_note = target == "transfer"
    return layers.sequence_to_frames(len(about["group_of"]), midi.KEYS, model, target, note_by_note)


def outputs(network: keras.Model, examples: datasets.Examples) -> Iterator[Any]:
    """Of tokens the logits, as in `tokens.outputs`; of rolls the logits (batch, window, 88) of every key in every frame.

    Where the network knows the melody, pairs: the logits, and the pieces carried over into their new style, as cells (batch, window, 88).
    """
    if isinstance(examples, datasets.Tokens):
        yield from tokens.outputs(network, examples, STREAMS)
        return
    assert isinstance(examples, datasets.Rolls)
    for start in range(0, len(examples), BATCH):
        indices = np.arange(start, min(start + BATCH, len(examples)))
        logits = network.predict_on_batch(examples.batch(indices)[0])
        if examples.ahead is None:
            yield logits
        else:
            yield logits, sampling.carry_over(network, examples.moved(), indices, TEMPERATURE, seed=start)


def readout(network: keras.Model) -> Readout:
    """From embedded tokens to the likeliest next one, or from frames to the likeliest key of the last; neutral is silence."""
    if network.name == "events":
        return tokens.readout(network, neutral=UNKNOWN + 1)
    chances = ops.log_sigmoid(network.output[:, -1])

    def numbers(windows: NDArray[Any]) -> NDArray[np.float32]:
        return windows

    return Readout(
        numbers,
        network=keras.Model(network.input, ops.max(chances, axis=-1, keepdims=True)),
        classes=Classes(keras.Model(network.input, chances), neutral=np.zeros(network.input.shape[-1], np.float32)),
    )


def illustrate(network: keras.Model, prepared: Path, meta: Meta, target: str, params: Any, files: Path) -> Arrays:
    """What the network hears in a stretch of each style; what it writes, measured and to be heard; pieces before and after."""
    if target == "frames":
        return _inside(network, prepared, meta)
    if target == "events":
        return _written(network, prepared, meta, params, files)
    return _carried_over(network, prepared, meta, params, files)


def _inside(network: keras.Model, prepared: Path, meta: Meta) -> Arrays:
    """Of one stretch of each style: its keys, gates and memory of the last layer, and what its last frame's likeliest key owes to which."""
    examples = data.datasets(prepared, "frames")[EXPLAINED]
    reader = readout(network)
    assert reader.classes
    shown: Arrays = {}
    for number, style in enumerate(meta["styles"]):
        of_style = np.flatnonzero(examples.table["style"] == number)
        if not len(of_style):
            continue
        inputs, keys = examples.batch(of_style[:1])
        last = gates.trace(network, inputs)[-1]
        for name, values in {**last.gates, "memory": last.memory}.items():
            shown[f"inside/{style}/{name}"] = values[0].T.astype(np.float16)
        shown[f"keys/{style}"] = keys[0].astype(bool)
        shown[f"gradient/{style}"] = gradients.magnitudes(reader.network, inputs, (0,))[0][0]
        found = importance.integrated_gradients(reader.classes, inputs).values[0]
        shown[f"importance/{style}"] = found[:, : midi.KEYS].astype(np.float32)
        shown[f"likeliest/{style}"] = reader.classes.network.predict_on_batch(inputs)[0].argmax()
    return shown


# Writing


def _written(network: keras.Model, prepared: Path, meta: Meta, params: Any, files: Path) -> Arrays:
    """Pieces from nothing, by style and temperature, with their measures and the longest run each shares with a training piece.

    And of some test pieces the opening, gone on from.
    """
    sizes, about = params.evaluation, meta["targets"]["events"]
    numbers = {token: number for number, token in enumerate(about["vocabulary"])}
    training = [notes for style in meta["styles"] for notes in data.notes_of(prepared, meta, "train", style)]
    known = measures.Corpus(map(measures.moves, training))
    shown: Arrays = {}

    def write(prompts: Sequence[NDArray[np.int32]], temperature: float, seed: int) -> list[midi.Piece]:
        rows = sampling.go_on(network, prompts, sizes.length, temperature, 0, sizes.top_p, seed)
        return [
            data.piece_of(np.concatenate([prompt, row]), meta, sizes.tempo)
            for prompt, row in zip(prompts, rows, strict=True)
        ]

    for number, style in enumerate(meta["styles"]):
        program = sizes.program(style)
        begin = np.array([numbers[data.mark(style)]], np.int32)
        for temperature in sizes.temperatures:
            pieces = write([begin] * sizes.pieces, temperature, seed=number)
            shown |= _measured(f"{style}/{temperature:g}", [piece.notes for piece in pieces], known)
            for place, piece in enumerate(pieces[: sizes.heard]):
                _keep(shown, files, f"{style}-{temperature:g}-{place + 1}", piece, program, sizes.seconds)
        openings = data.openings(prepared, meta, style, sizes.opening, sizes.heard)
        gone_on = write(openings, min(sizes.temperatures), seed=number)
        for place, (opening, piece) in enumerate(zip(openings, gone_on, strict=True)):
            shown[f"opening/{style}-opening-{place + 1}"] = np.array(data.piece_of(opening, meta, sizes.tempo).quarters)
            _keep(shown, files, f"{style}-opening-{place + 1}", piece, program, sizes.seconds)
        shown |= _measured(f"{style}/test pieces", data.notes_of(prepared, meta, "test", style), known)
    return shown


def _measured(name: str, pieces: Sequence[midi.Notes], known: measures.Corpus) -> Arrays:
    """Every measure of every piece, and the notes of the longest run that it shares with a piece of `known`."""
    rows = [measures.of_notes(notes) for notes in pieces]
    runs = [known.longest_run(measures.moves(notes)) for notes in pieces]
    return {f"run/{name}": np.array(runs)} | {
        f"measures/{name}/{measure}": np.array([row[measure] for row in rows]) for measure in measures.MEASURES
    }


def _carried_over(network: keras.Model, prepared: Path, meta: Meta, params: Any, files: Path) -> Arrays:
    """Some test pieces of each style before and after."""
    sizes = params.evaluation
    examples = data.datasets(prepared, "transfer")["test"]
    shown: Arrays = {}
    for number, style in enumerate(meta["styles"]):
        of_style = np.flatnonzero(
            (examples.table["style"] == number) & (examples.table["begin"] == examples.table["first"])
        )
        indices = of_style[np.linspace(0, len(of_style) - 1, min(sizes.heard, len(of_style))).astype(int)]
        moved = examples.moved()
        after = sampling.carry_over(network, moved, indices, TEMPERATURE, seed=1)
        before = examples.cells(indices)[:, 1:]
        for place, index in enumerate(indices):
            new = meta["styles"][moved.table["style"][index]]
            pair = (("before", before, examples, style), ("after", after, moved, new))
            for kind, roll, rows, played in pair:
                length = rows.lengths(indices[place : place + 1])[0]
                piece = midi.Piece(rolls.to_notes(roll[place, :length], meta["steps"]), ((0.0, sizes.tempo),))
                name = f"{style}-to-{new}-{place + 1}-{kind}"
                _keep(shown, files, name, piece, sizes.program(played), sizes.seconds)
    return shown


def _keep(shown: Arrays, files: Path, name: str, piece: midi.Piece, program: int, longest: float) -> None:
    """Keep the beginning of a piece: its notes, a MIDI file, and its sound with how loud that is (peak and root mean square)."""
    heard = piece.notes[midi.seconds(piece, piece.notes["start"]) < longest]
    if not len(heard):
        return
    cut = midi.Piece(heard, piece.tempi, piece.signatures)
    midi.write(cut, files / f"{name}.mid", program)
    sound = midi.render(cut, program)
    midi.write_sound(files / f"{name}.mp3", sound)
    shown[f"notes/{name}"] = np.stack([heard["start"], heard["end"], heard["pitch"]], axis=1)
    shown[f"loudness/{name}"] = np.array([np.abs(sound).max(), np.sqrt(np.mean(sound**2))])
