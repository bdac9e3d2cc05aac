"""Where the pieces come from: chorales and fiddle tunes out of a corpus, or the user's own MIDI files."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines import paths
from pipelines.errors import InputError
from pipelines.params.music import MusicSource
from pipelines.sources import files, midi, scores
from pipelines.sources.parallel import mapped

SAMPLES = scores.CORPORA
STYLE = "music"
"""Of files that lie in no folder of a style."""


def collect(source: MusicSource, dropped: Sequence[Path], destination: Path) -> dict[str, Any]:
    """Write each piece to `midi/<style>/`; from dropped files each `.mid` or `.midi` is one, its first folder its style.

    Raise `InputError` if too many files are unreadable.
    """
    folder = destination / midi.FOLDER
    return _collect_dropped(source, dropped, folder) if dropped else _collect_sample(source, folder)


def _collect_sample(source: MusicSource, folder: Path) -> dict[str, Any]:
    left_out: list[str] = []
    for style in source.samples:
        (folder / style).mkdir(parents=True)
        chosen = sorted(scores.found(style), key=lambda path: files.place(path.name))[: source.pieces]
        jobs = [(style, path, folder / style / f"{path.stem}.mid") for path in chosen]
        left_out += filter(None, mapped(_write, jobs, f"music: {style}"))
    parts = {style: scores.CORPORA[style][2] for style in source.samples}
    return {"sample": True, "parts": parts, "unreadable": left_out}


def _write(job: tuple[str, Path, Path]) -> str | None:
    return scores.write(*job)


def _collect_dropped(source: MusicSource, dropped: Sequence[Path], folder: Path) -> dict[str, Any]:
    def copy(path: Path) -> str:
        if path.suffix.lower() not in (".mid", ".midi"):
            raise InputError(f"{path}: is no .mid file; convert it, or take it out of the folder")
        piece = midi.read(path)
        if not len(piece.notes):
            why = "holds only drums" if piece.left_out["drums"] else "holds no notes"
            raise InputError(f"{path}: {why}; take it out of the folder")
        if piece.minutes > source.max_minutes:
            raise InputError(
                f"{path}: lasts {piece.minutes:,.0f} minutes, more than {source.max_minutes:g}; cut it, or raise music.source.max_minutes"
            )
        inside = path.relative_to(paths.input_folder("music")).parts
        style = inside[0] if len(inside) > 1 else STYLE
        (folder / style).mkdir(parents=True, exist_ok=True)
        name = f"{path.stem}-{files.place(path.as_posix()).hex()[:8]}.mid"
        shutil.copyfile(path, folder / style / name)
        return style

    readings = files.read_all(dropped, copy, source.max_unreadable)
    parts = {
        style: {"origin": (paths.input_folder("music") / style).as_posix(), "licence": "the user's own"}
        for style in sorted(set(readings.values.values()))
    }
    return {"sample": False, "parts": parts, "unreadable": readings.unreadable}
