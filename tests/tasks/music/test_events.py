"""Pieces as tokens, and back."""

import numpy as np
import pytest

from pipelines.tasks.music import events, midi
from tests.tasks.music.test_midi import tuples
from tests.tasks.music.test_rolls import notes

PIECE = midi.Piece(notes((0, 1, 60), (0, 2, 64), (2.5, 3, 72), (4, 5, 48)), signatures=((0.0, 4, 4),))


def test_events_decode_restores_an_encoded_piece() -> None:
    tokens = events.encode(PIECE, 4)
    assert tokens[:2] == [events.BAR, "TimeSig_4/4"]
    assert tokens.count(events.BAR) == 2
    again = events.decode(tokens, 4, tempo=100)
    assert tuples(again) == tuples(PIECE)
    assert again.tempi == ((0.0, 100.0),)


@pytest.mark.parametrize(
    ("top", "bottom", "name"),
    [(9, 8, "9/8"), (3, 2, "3/2"), (7, 8, "7/8"), (6, 8, "6/8"), (3, 4, "3/4"), (2, 2, "4/4"), (11, 16, "4/4")],
)
def test_events_encode_keeps_the_bars_of_a_metre(top: int, bottom: int, name: str) -> None:
    beats = [(float(beat), beat + 1.0, 60 + beat % 12) for beat in range(36)]
    piece = midi.Piece(notes(*beats), signatures=((0.0, top, bottom),))
    tokens = events.encode(piece, 4)
    upper, lower = map(int, name.split("/"))
    assert tokens[:2] == [events.BAR, f"TimeSig_{name}"]
    assert tokens.count(events.BAR) == -(-36 * lower // (4 * upper))
    assert tuples(events.decode(tokens, 4, 120)) == tuples(piece)
    assert events.without_token(piece) == (["11/16"] if (top, bottom) == (11, 16) else [])


def test_events_transposed_changes_only_pitch_tokens() -> None:
    tokens = [events.transposed(token, 3) for token in events.encode(PIECE, 4)]
    assert [key - 3 for _, _, key in tuples(events.decode(tokens, 4, 120))] == [key for _, _, key in tuples(PIECE)]


def test_events_decode_ignores_misplaced_tokens() -> None:
    tokens = ["Duration_1.0.4", "nonsense", *events.encode(PIECE, 4), "Pitch_60"]
    assert tuples(events.decode(tokens, 4, 120))[:3] == tuples(PIECE)[:3]


def test_events_decode_of_no_tokens_is_an_empty_piece() -> None:
    assert not len(events.decode([], 4, 120).notes)


def test_events_encode_of_an_empty_piece_has_no_pitch_tokens() -> None:
    assert not any(token.startswith(events.PITCH) for token in events.encode(midi.Piece(np.zeros(0, midi.NOTE)), 4))
