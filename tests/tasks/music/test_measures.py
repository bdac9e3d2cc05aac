"""The measures of music, on pieces for which the answer is known."""

import numpy as np
import pytest

from pipelines.tasks.music import measures, midi, rolls
from tests.tasks.music.test_rolls import notes


def scale(first: int, steps: tuple[int, ...] = (0, 2, 4, 5, 7, 9, 11, 12)) -> midi.Notes:
    return notes(*((start, start + 1, first + step) for start, step in enumerate(steps)))


CHROMATIC = scale(60, tuple(range(12)))


def test_pitch_class_entropy_is_in_bits() -> None:
    assert measures.pitch_class_entropy(CHROMATIC) == pytest.approx(np.log2(12))
    assert measures.pitch_class_entropy(notes((0, 1, 60), (1, 2, 72))) == 0


def test_scale_consistency_is_the_share_of_notes_in_the_best_scale() -> None:
    assert measures.scale_consistency(scale(62)) == 1
    assert measures.scale_consistency(CHROMATIC) == pytest.approx(7 / 12)


def test_polyphony_is_the_mean_number_of_notes_that_sound_together() -> None:
    assert measures.polyphony(notes((0, 2, 60), (1, 2, 64), (5, 6, 60))) == pytest.approx(4 / 3)


def test_repetition_is_the_share_of_bars_that_occurred_before() -> None:
    bar = [(0.0, 1.0, 60), (1.0, 2.0, 64)]
    again = [(start + 4, end + 4, key) for start, end, key in bar]
    other = [(8.0, 9.0, 61)]
    assert measures.repetition(notes(*bar, *again, *other)) == pytest.approx(1 / 3)


def test_of_notes_gives_every_measure_of_an_empty_piece() -> None:
    assert set(measures.of_notes(np.zeros(0, midi.NOTE))) == set(measures.MEASURES)


def test_longest_run_is_found_in_any_key() -> None:
    known = measures.Corpus([measures.intervals(scale(60)), measures.intervals(scale(60, (0, 4, 7)))])
    assert known.longest_run(measures.intervals(scale(67))) == 8
    assert known.longest_run(measures.intervals(scale(50, (0, 2, 4, 5, 6, 1)))) == 4
    assert known.longest_run(measures.intervals(scale(50, (0, 11)))) == 1
    assert known.longest_run([]) == 0


def test_chroma_likeness_is_one_for_the_same_pitch_classes() -> None:
    one, other = (rolls.from_notes(scale(first), 4)[0] for first in (60, 61))
    assert measures.chroma_likeness(one, one, 4) == pytest.approx(1)
    assert measures.chroma_likeness(one, other, 4) < 0.3
    octave_higher = rolls.from_notes(scale(72), 4)[0]
    assert measures.chroma_likeness(one, octave_higher, 4) == pytest.approx(1)


def test_rhythm_likeness_is_one_for_the_same_rhythm() -> None:
    one, other = (rolls.from_notes(scale(first), 4)[0] for first in (60, 61))
    assert measures.rhythm_likeness(one, other) == pytest.approx(1)
    slower = rolls.from_notes(notes((0, 4, 60), (4, 8, 64)), 4)[0]
    assert measures.rhythm_likeness(one, slower) == pytest.approx(0.5)


def test_style_features_of_the_melody_do_not_depend_on_the_key() -> None:
    tune = measures.style_features(rolls.from_notes(scale(60), 4)[0])
    transposed = measures.style_features(rolls.from_notes(scale(62), 4)[0])
    np.testing.assert_allclose(measures.melody_style_features(tune)[1:], measures.melody_style_features(transposed)[1:])


def test_style_features_begin_with_the_number_of_voices() -> None:
    chords = notes(*((start, start + 1, key) for start in range(4) for key in (48, 60, 64, 67)))
    assert measures.style_features(rolls.from_notes(chords, 4)[0])[0] == 4


def test_style_features_of_silence_are_finite() -> None:
    assert np.isfinite(measures.style_features(np.zeros((8, midi.KEYS), np.uint8))).all()
