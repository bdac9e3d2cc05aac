"""What is measured on music, on pieces for which the answer is known."""

import numpy as np
import pytest

from pipelines.tasks.music import measures, midi, rolls
from tests.tasks.music.test_rolls import notes


def scale(first: int, steps: tuple[int, ...] = (0, 2, 4, 5, 7, 9, 11, 12)) -> midi.Notes:
    return notes(*((place, place + 1, first + step) for place, step in enumerate(steps)))


def test_entropy_scale_consistency_and_polyphony_of_known_notes() -> None:
    chromatic = scale(60, tuple(range(12)))
    assert measures.pitch_class_entropy(chromatic) == pytest.approx(np.log2(12))
    assert measures.pitch_class_entropy(notes((0, 1, 60), (1, 2, 72))) == 0
    assert measures.scale_consistency(scale(62)) == 1
    assert measures.scale_consistency(chromatic) == pytest.approx(7 / 12)
    assert measures.polyphony(notes((0, 2, 60), (1, 2, 64), (5, 6, 60))) == pytest.approx(4 / 3)


def test_repetition_is_the_share_of_bars_that_came_before() -> None:
    bar = [(0.0, 1.0, 60), (1.0, 2.0, 64)]
    again = [(start + 4, end + 4, key) for start, end, key in bar]
    other = [(8.0, 9.0, 61)]
    assert measures.repetition(notes(*bar, *again, *other)) == pytest.approx(1 / 3)
    assert set(measures.of_notes(np.zeros(0, midi.NOTE))) == set(measures.MEASURES)


def test_longest_run_is_found_in_any_key() -> None:
    known = measures.Corpus([measures.intervals(scale(60)), measures.intervals(scale(60, (0, 4, 7)))])
    assert known.longest_run(measures.intervals(scale(67))) == 8
    assert known.longest_run(measures.intervals(scale(50, (0, 2, 4, 5, 6, 1)))) == 4
    assert known.longest_run(measures.intervals(scale(50, (0, 11)))) == 1
    assert known.longest_run([]) == 0


def test_likeness_is_one_with_itself_and_less_with_another() -> None:
    one, other = (rolls.from_notes(scale(first), 4)[0] for first in (60, 61))
    assert measures.chroma_likeness(one, one, 4) == pytest.approx(1)
    assert measures.chroma_likeness(one, other, 4) < 0.3
    octave_higher = rolls.from_notes(scale(72), 4)[0]
    assert measures.chroma_likeness(one, octave_higher, 4) == pytest.approx(1)
    assert measures.rhythm_likeness(one, other) == pytest.approx(1)
    slower = rolls.from_notes(notes((0, 4, 60), (4, 8, 64)), 4)[0]
    assert measures.rhythm_likeness(one, slower) == pytest.approx(0.5)


def test_style_features_show_voices_and_not_the_key() -> None:
    tune = measures.style_features(rolls.from_notes(scale(60), 4)[0])
    transposed = measures.style_features(rolls.from_notes(scale(62), 4)[0])
    np.testing.assert_allclose(measures.melody_style_features(tune)[1:], measures.melody_style_features(transposed)[1:])
    chords = notes(*((place, place + 1, key) for place in range(4) for key in (48, 60, 64, 67)))
    assert measures.style_features(rolls.from_notes(chords, 4)[0])[0] == 4
    assert np.isfinite(measures.style_features(np.zeros((8, midi.KEYS), np.uint8))).all()
