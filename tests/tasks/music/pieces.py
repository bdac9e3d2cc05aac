"""Small pieces in two styles, and the parameters with which they are prepared."""

import numpy as np

from pipelines import params
from pipelines.tasks.music import midi
from pipelines.tasks.music.params import Params
from tests.conftest import ROOT

PARAMS = params.block("music", Params, ROOT / "params.yaml")
PARAMS = PARAMS.model_copy(
    update={
        "baselines": PARAMS.baselines.model_copy(update={"ngram_order": 3}),
        "evaluate": PARAMS.evaluate.model_copy(
            update={"pieces": 2, "length": 40, "temperatures": (1.0,), "heard": 1, "seconds": 2.0, "opening": 1}
        ),
    }
)
PREPARE = PARAMS.prepare.model_copy(
    update={
        "frames_per_quarter": {"hymns": 1, "default": 4},
        "frames": 8,
        "tokens": 16,
        "longest": 20,
        "ahead": 2,
        "keys": 3,
    }
)


def hymn(seed: int) -> midi.Piece:
    """Quarter-note chords under a melody that only this piece has."""
    random = np.random.default_rng(seed)
    tops = 65 + random.integers(0, 12, 24)
    start = np.repeat(np.arange(24.0), 3)
    return midi.Piece(
        midi.as_notes(start, start + 1, np.ravel([tops, tops - 7, tops - 15], "F")), signatures=((0.0, 4, 4),)
    )


def jig(seed: int) -> midi.Piece:
    """A quick tune of single notes."""
    random = np.random.default_rng(1000 + seed)
    start = np.arange(48) / 4
    return midi.Piece(midi.as_notes(start, start + 0.25, 70 + random.integers(0, 14, 48)), signatures=((0.0, 2, 4),))
