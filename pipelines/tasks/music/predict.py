"""`predict music --style … out.mid`: the trained network generates a piece; `--transfer … in.mid out.mid`: one piece in another style."""

import argparse
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field, NonNegativeInt

from pipelines.errors import InputError, UsageError
from pipelines.predict import Prediction, argument_type, output_file
from pipelines.tasks.music.params import Seconds, Tempo

if TYPE_CHECKING:
    from pipelines.predict import TrainedNetworks
    from pipelines.tasks.music.data import Meta
    from pipelines.tasks.music.midi import Piece

SPARE = 1.3
"""Tokens to draw for each one that is needed on average: some pieces are dense."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The style, and the files."""
    positive = argument_type(Annotated[float, Field(gt=0, allow_inf_nan=False)])
    parser.add_argument("files", nargs="+", metavar="FILE", help="out.mid; with --transfer: in.mid out.mid")
    parser.add_argument("--style", help="of the new piece; the styles are those that were trained")
    parser.add_argument("--transfer", metavar="STYLE", help="rewrite in.mid in this style")
    parser.add_argument("--seconds", type=argument_type(Seconds), default=20.0, help="length of the new piece; 20")
    parser.add_argument(
        "--tempo", type=argument_type(Tempo), default=100.0, help="quarter notes a minute of the new piece; 100"
    )
    parser.add_argument("--temperature", type=positive, help="1: as learned; lower: safer; 0.9, and 1 with --transfer")
    parser.add_argument("--top-p", type=argument_type(Annotated[float, Field(gt=0, le=1)]), default=0.95, help="0.95")
    parser.add_argument(
        "--seed", type=argument_type(NonNegativeInt), default=1, help="another seed writes another piece; 1"
    )
    parser.add_argument("--wav", action="store_true", help="write the sound beside it, as .wav")


def predict(trained: "TrainedNetworks", options: argparse.Namespace) -> Iterator[Prediction]:
    """Write the file; yield what is in it.

    Raise `UsageError` for a style that was not trained or a wrong number of files, `InputError` for a file that cannot be read or written.
    """
    if (options.style is None) == (options.transfer is None):
        raise UsageError("say either --style STYLE out.mid, or --transfer STYLE in.mid out.mid")
    wanted = 1 if options.style else 2
    if len(options.files) != wanted:
        raise UsageError(
            f"{len(options.files)} files are named, not {wanted}: {'out.mid' if options.style else 'in.mid out.mid'}"
        )
    from pipelines.tasks.music.data import Meta

    meta = trained.meta(Meta)
    style, styles = options.style or options.transfer, meta.styles
    if style not in styles:
        raise UsageError(f"there is no style {style!r}; the networks have learned {', '.join(styles)}")
    if options.transfer and len(styles) < 2:
        raise UsageError(
            f"the networks have learned one style, {style}; a transfer takes two: add a folder to data/input/music"
        )
    *inputs, target = options.files
    targets = {target: output_file(target, *inputs)}
    if options.wav:
        sound = str(Path(target).with_suffix(".wav"))
        targets[sound] = output_file(sound, *inputs, target)
    values = _write(trained, meta, style, options) if options.style else _transfer(trained, meta, style, options)
    piece: Piece = values.pop("piece")
    if not len(piece.notes):
        raise InputError(
            f"{target}: not written, for the network wrote no note; try another --seed or a higher --temperature"
        )
    _keep(piece, list(targets.values()), trained.params.evaluate.program(style))
    written = list(targets)
    values |= {"style": style, "notes": len(piece.notes), "seconds": round(60 * piece.minutes, 1), "files": written}
    text = f"{' and '.join(written)}: {values['notes']} notes in {values['seconds']:g} seconds, {style}, by {values['model']}"
    yield Prediction(values, text)


def _write(trained: "TrainedNetworks", meta: "Meta", style: str, options: argparse.Namespace) -> dict[str, Any]:
    from pipelines.tasks.music.data import EVENTS, mark, piece_of

    quarters = options.seconds * options.tempo / 60
    length = ceil(SPARE * quarters * meta.tokens.tokens_per_quarter[style]) + 32
    begin = np.array([meta.tokens.vocabulary.ids[mark(style)]], np.int32)
    network, seed = trained.network(EVENTS)
    from pipelines.nn import generation
    from pipelines.tasks.music import midi

    rows = generation.generate(network, [begin], length, options.temperature or 0.9, 0, options.top_p, options.seed)
    piece = piece_of(rows[0], meta, options.tempo)
    notes = piece.notes[piece.notes["start"] < quarters].copy()
    notes["end"] = np.minimum(notes["end"], quarters)
    return {
        "piece": midi.Piece(notes, piece.tempi, piece.signatures),
        "model": trained.model(EVENTS),
        "trained_seed": seed,
    }


def _transfer(trained: "TrainedNetworks", meta: "Meta", style: str, options: argparse.Namespace) -> dict[str, Any]:
    """Rewrite a piece; it keeps its tempo and time signatures, and may become twice or half as long."""
    from pipelines.tasks.music import measures, midi, rolls
    from pipelines.tasks.music.data import TRANSFER, Rolls, pace

    source = Path(options.files[0])
    before = midi.read(source)
    longest = trained.params.collect.max_minutes
    if before.minutes > longest:
        raise InputError(
            f"{source}: lasts {before.minutes:,.0f} minutes, more than {longest:g}; cut it, or raise music.collect.max_minutes"
        )
    roll, first, _ = rolls.from_notes(before.notes, meta.steps)
    if not len(roll):
        raise InputError(f"{source}: holds no notes for a style transfer; choose another file")
    network, seed = trained.network(TRANSFER)
    from pipelines.tasks.music.transfer import transfer

    density = (len(measures.intervals(before.notes)) + 1) / before.quarters
    rate = pace(density, meta.densities[style])
    length = -(-2 * len(roll) // rate)
    columns = {
        "begin": 0, "first": 0, "end": len(roll), "last": len(roll), "shift": 0, "pace": rate, "style": meta.styles.index(style),
    }  # fmt: skip
    table = {name: np.array([value]) for name, value in columns.items()}
    voicings = tuple(meta.voicings[name] for name in meta.styles)
    ahead = meta.rolls_of(TRANSFER).ahead
    examples = Rolls(roll, table, length, len(meta.styles), ahead, voicings=voicings)
    after = transfer(network, examples, np.array([0]), options.temperature or 1.0, options.seed)[0]
    notes = rolls.to_notes(after, meta.steps)
    time_factor = 2 / rate
    for side in ("start", "end"):
        notes[side] += time_factor * first / meta.steps
    return {
        "piece": midi.Piece(
            notes,
            tuple((quarter * time_factor, tempo) for quarter, tempo in before.tempi),
            tuple(
                (quarter * time_factor, numerator, denominator) for quarter, numerator, denominator in before.signatures
            ),
        ),
        "model": trained.model(TRANSFER),
        "trained_seed": seed,
        "source": str(source),
        "times_as_long": time_factor,
    }


def _keep(piece: "Piece", targets: list[Path], program: int) -> None:
    """Write the MIDI file, and its sound if there are two targets."""
    from pipelines.tasks.music import midi

    midi.write(piece, targets[0], program)
    for sound in targets[1:]:
        midi.write_sound(sound, midi.render(piece, program))
