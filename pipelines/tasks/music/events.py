"""Pieces as sequences of tokens: bars, positions, keys and lengths (REMI, Huang & Yang 2020; miditok's)."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from pipelines.tasks.music import midi

LONGEST = 8
"""Quarter notes of the longest length that has a token."""
METRES = {2: (3, 4), 4: (1, 2, 3, 4, 5, 6, 7), 8: (3, 5, 6, 7, 9, 12)}
"""Numerators by denominator of the time signatures that have a token; miditok replaces others by 4/4."""
ALIKE = ((2, 2),)
"""Others whose bars are as long as those of 4/4."""
PITCH = "Pitch_"
BAR = "Bar_None"


@cache
def _tokenizer(steps: int) -> Any:
    """A tokenizer with `steps` positions in a quarter note."""
    import miditok

    return miditok.REMI(
        miditok.TokenizerConfig(
            pitch_range=(midi.LOWEST, midi.HIGHEST + 1),
            beat_res={(0, LONGEST): steps},
            use_velocities=False,
            use_programs=False,
            use_time_signatures=True,
            time_signature_range={denominator: list(numerators) for denominator, numerators in METRES.items()},
            special_tokens=["PAD"],
        )
    )


def without_token(piece: midi.Piece) -> list[str]:
    """The time signatures of a piece that have no token, so that its bars become bars of 4/4."""
    metres = {(numerator, denominator) for _, numerator, denominator in piece.signatures}
    return [
        f"{top}/{bottom}"
        for top, bottom in sorted(metres)
        if top not in METRES.get(bottom, ()) and (top, bottom) not in ALIKE
    ]


def encode(piece: midi.Piece, steps: int) -> list[str]:
    """The tokens of a piece, its notes moved to the nearest of `steps` positions in a quarter note.

    A piece that names no time signature has 4/4.
    """
    tokenizer = _tokenizer(steps)
    encoded = tokenizer.encode(midi.score_of(piece))
    rows = encoded if isinstance(encoded, list) else [encoded]
    return [token for row in rows[:1] for token in row.tokens]


def decode(tokens: Sequence[str], steps: int, tempo: float) -> midi.Piece:
    """The piece that tokens encode, at `tempo` quarter notes a minute; misplaced tokens are skipped."""
    import miditok

    tokenizer = _tokenizer(steps)
    known = [token for token in tokens if token in tokenizer.vocab]
    score = tokenizer.decode([miditok.TokSequence(tokens=known, ids=[tokenizer.vocab[token] for token in known])])
    parts = [track.notes.numpy() for track in score.tracks]
    ticks = score.ticks_per_quarter
    start, length, pitch = (
        np.concatenate([part[name] for part in parts]) if parts else np.zeros(0)
        for name in ("time", "duration", "pitch")
    )
    return midi.Piece(
        midi.as_notes(start / ticks, (start + length) / ticks, pitch),
        ((0.0, tempo),),
        tuple(
            (signature.time / ticks, signature.numerator, signature.denominator) for signature in score.time_signatures
        ),
    )


def transposed(token: str, keys: int) -> str:
    """The token of a note `keys` higher; other tokens stay as they are."""
    return f"{PITCH}{int(token.removeprefix(PITCH)) + keys}" if token.startswith(PITCH) else token
