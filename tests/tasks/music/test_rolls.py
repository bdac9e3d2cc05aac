"""Piano rolls from notes, notes from piano rolls, and the melody on top."""

import numpy as np
import pytest

from pipelines.tasks.music import midi, rolls


def notes(*rows: tuple[float, float, int]) -> midi.Notes:
    start, end, pitch = zip(*rows, strict=True)
    return midi.as_notes(np.array(start), np.array(end), np.array(pitch))


def test_from_notes_marks_the_keys_that_sound_at_a_frame() -> None:
    roll, first, too_short = rolls.from_notes(notes((1, 3, 60), (2, 2.5, 64), (2.5, 3, 65), (3, 4, 60)), 1)
    assert first == 1
    assert too_short == 1  # between two frames
    assert [np.flatnonzero(frame) + midi.LOWEST for frame in roll] == [[60], pytest.approx([60, 64]), [60]]
    assert roll[:, 60 - midi.LOWEST].tolist() == [rolls.STRUCK, rolls.SOUNDING, rolls.STRUCK]


def test_from_notes_puts_a_slightly_late_note_into_its_frame() -> None:
    roll, _, too_short = rolls.from_notes(notes((0.1, 1.1, 60)), 1)
    assert len(roll) == 1
    assert too_short == 0


def test_to_notes_restores_the_notes_of_a_roll(random: np.random.Generator) -> None:
    starts = random.integers(0, 40, 60) / 4
    lengths, keys = random.integers(1, 9, 60) / 4, random.integers(40, 80, 60)
    roll, _, _ = rolls.from_notes(midi.as_notes(starts, starts + lengths, keys), 4)
    again = rolls.to_notes(roll, 4)
    assert (rolls.from_notes(again, 4)[0] == roll).all()
    lonely = notes((0, 1, 60), (1, 2, 60), (2, 3.5, 64))
    assert rolls.to_notes(rolls.from_notes(lonely, 4)[0], 4).tolist() == lonely.tolist()


def test_melody_is_the_highest_key() -> None:
    roll = np.zeros((3, midi.KEYS), np.uint8)
    roll[0, [10, 40]] = rolls.STRUCK
    roll[1, [10, 40]] = rolls.SOUNDING
    highest, struck = rolls.melody(roll)
    assert highest.tolist() == [40, 40, -1]
    assert struck.tolist() == [True, False, False]


def test_melody_features_look_ahead_up_to_the_end() -> None:
    roll = np.zeros((3, midi.KEYS), np.uint8)
    for frame, key in enumerate((3, 4, 5)):  # C, C sharp, D
        roll[frame, key] = rolls.STRUCK
    seen = rolls.melody_features(roll, ahead=2).reshape(3, 3, rolls.MELODY)
    assert seen[0].argmax(1).tolist() == [0, 1, 2]
    assert seen[0, :, 12].tolist() == [1, 1, 1]
    assert seen[2, 1:].sum() == 0


def test_voicing_fold_brings_a_melody_into_range_with_the_fewest_breaks() -> None:
    voicing = rolls.Voicing(voices=4, low=40, high=55)
    up_and_down = np.array([-1, 50, 53, 55, 57, 58, 57, -1, 52, 50])
    folded = voicing.fold(up_and_down)
    assert folded.tolist() == [
        -1,
        50,
        53,
        55,
        45,
        46,
        45,
        -1,
        40,
        50,
    ]  # an octave lower, and back, only where it has to
    assert voicing.fold(np.where(up_and_down < 0, -1, up_and_down + 24)).tolist() == folded.tolist()
    assert voicing.fold(np.array([-1, -1])).tolist() == [-1, -1]
