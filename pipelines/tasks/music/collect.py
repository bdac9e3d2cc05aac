"""Where the pieces come from: chorales and fiddle tunes from a corpus, or the user's own MIDI files."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from pipelines import names, paths
from pipelines.contract import Source
from pipelines.errors import InputError
from pipelines.sources import files
from pipelines.sources.parallel import parallel_map
from pipelines.tasks.music import corpus, midi
from pipelines.tasks.music.params import MusicCollect

SAMPLES = corpus.CORPORA
STYLE = "music"
"""Of files outside a style's folder."""


def collect(params: MusicCollect, dropped: Sequence[Path], destination: Path) -> Source:
    """Write each piece to `midi/<style>/`; from dropped files each `.mid` or `.midi` is one, its first folder its style.

    Raise `InputError` if too many files are unreadable.
    """
    folder = destination / midi.FOLDER
    return _collect_dropped(params, dropped, folder) if dropped else _collect_sample(params, folder)


def _collect_sample(params: MusicCollect, folder: Path) -> Source:
    left_out: list[str] = []
    for style in params.samples:
        (folder / style).mkdir(parents=True)
        chosen = sorted(corpus.scores(style), key=lambda path: files.order_key(path.name))[: params.pieces]
        jobs = [(style, path, folder / style / f"{path.stem}.mid") for path in chosen]
        left_out += filter(None, parallel_map(_write, jobs, f"music: {style}"))
    parts = {style: corpus.CORPORA[style][2] for style in params.samples}
    return Source(True, parts, left_out)


def _write(job: tuple[str, Path, Path]) -> str | None:
    return corpus.write(*job)


def _collect_dropped(params: MusicCollect, dropped: Sequence[Path], folder: Path) -> Source:
    def copy(path: Path) -> str:
        if path.suffix.lower() not in (".mid", ".midi"):
            raise InputError(f"{path}: is not a MIDI file; convert or remove it")
        piece = midi.read(path)
        if not len(piece.notes):
            why = "holds only drums" if piece.left_out["drums"] else "holds no notes"
            raise InputError(f"{path}: {why}; remove it")
        if piece.minutes > params.max_minutes:
            raise InputError(
                f"{path}: lasts {piece.minutes:,.0f} minutes, more than {params.max_minutes:g}; cut it, or raise music.collect.max_minutes"
            )
        inside = path.relative_to(paths.input_folder("music")).parts
        style = inside[0] if len(inside) > 1 else STYLE
        (folder / style).mkdir(parents=True, exist_ok=True)
        name = files.output_name(path.stem, f"-{files.order_key(path.as_posix()).hex()[:8]}.mid")
        shutil.copyfile(path, folder / style / name)
        return style

    readings = files.read_all(dropped, copy, params.max_unreadable)
    if alike := names.alike(sorted(set(readings.values.values()))):
        raise InputError(
            f"{paths.input_folder('music')}: some file systems take the folders {' and '.join(alike)} for the same; "
            "give one of them another name"
        )
    parts = {
        style: {"origin": (paths.input_folder("music") / style).as_posix(), "licence": "the user's own"}
        for style in sorted(set(readings.values.values()))
    }
    return Source(False, parts, readings.unreadable)
