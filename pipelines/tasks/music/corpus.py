"""Pieces of music21's corpus, as MIDI files."""

import contextlib
import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

LICENCE = "the music: public domain; its encoding: in music21's corpus by permission, commercial use may be restricted"
CORPORA: dict[str, tuple[str, Callable[[int], bool], dict[str, str]]] = {
    "chorales": (
        "bach",
        lambda voices: voices == 4,
        {
            "origin": "chorales and other pieces of J. S. Bach in four voices; in the corpus of music21",
            "licence": LICENCE,
        },
    ),
    "tunes": (
        "ryansMammoth",
        lambda voices: voices == 1,
        {
            "origin": "fiddle tunes of Ryan's Mammoth Collection (Boston 1883), encoded by John Chambers; in the corpus of music21",
            "licence": LICENCE,
        },
    ),
}
"""Style -> music21's name of the composer, how many voices a piece must have, and where it comes from."""
SCORES = (".mxl", ".xml", ".krn", ".abc")
"""Not analyses, which the corpus contains too."""


def _music21() -> Any:
    """music21, without its messages on optional packages."""
    with contextlib.redirect_stderr(io.StringIO()):
        import music21

    return music21


def scores(style: str) -> list[Path]:
    """The scores of a style, in order."""
    return sorted(path for path in _music21().corpus.getComposer(CORPORA[style][0]) if path.suffix in SCORES)


def write(style: str, score: Path, target: Path) -> str | None:
    """Write `score` as a MIDI file, repeats played; return why not if it cannot be used."""
    music21 = _music21()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            piece = music21.converter.parse(score, forceSource=True, storePickle=False)
            if not CORPORA[style][1](len(piece.parts)):
                return f"{score.name}: has {len(piece.parts)} voices"
            if not piece.flatten().notes:
                return f"{score.name}: has no notes"
            piece.write("midi", fp=target)
        except (
            music21.exceptions21.Music21Exception,
            ValueError,
            TypeError,
            AttributeError,
            IndexError,
            ZeroDivisionError,
        ) as error:
            target.unlink(missing_ok=True)
            return f"{score.name}: music21 cannot write it ({type(error).__name__})"
    return None
