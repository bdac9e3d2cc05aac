import numpy as np

from pipelines.report import tracks


def test_characters_have_the_properties_of_a_text() -> None:
    track = tracks.of_characters([list("Ab c\nd")], "character")
    assert {name: rows[0].tolist() for name, rows in track.properties.items()} == {
        "is a space": [0, 0, 1, 0, 1, 0],
        "is a vowel": [1, 0, 0, 0, 0, 0],
        "is a capital": [1, 0, 0, 0, 0, 0],
        "is punctuation": [0, 0, 0, 0, 0, 0],
        "position in the word": [1, 2, 0, 1, 0, 1],
        "position in the line": [1, 2, 3, 4, 0, 1],
    }


def test_words_say_where_the_text_ends() -> None:
    track = tracks.of_words([["A", " 12", "."], ["x"]], "word")
    assert [row.tolist() for row in track.properties["is the end"]] == [[0, 0, 1], [1]]
    assert track.properties["is a number"][0].tolist() == [0, 1, 0]
    assert track.properties["is punctuation"][0].tolist() == [0, 0, 1]
    assert [track.steps(0), track.steps(1)] == [3, 1]


def test_series_have_their_values_and_the_change_of_the_first() -> None:
    track = tracks.of_series([np.array([[1.0, 7.0], [4.0, 8.0]])], ["x", "y"], "day")
    assert {name: rows[0].tolist() for name, rows in track.properties.items()} == {
        "x": [1, 4],
        "y": [7, 8],
        "change of the first line": [0, 3],
    }


def test_strip_has_as_many_steps_as_frames() -> None:
    assert tracks.Track("frames", [tracks.Strip(b"", 16)], "frame", {}).steps(0) == 16
