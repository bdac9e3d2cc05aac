import pytest

from pipelines.text_classification.words import spaced, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It isn't, at best, 'fine'.", ["it", "isn", "'t", ",", "at", "best", ",", "'", "fine", "'", "."]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("عَرَبِيّ", ["عَرَبِيّ"]),
        ("good 👍\x00\u202egood", ["good", "👍", "good"]),
        (" \t\n\x1b", []),
    ],
)
def test_words_are_those_of_any_script(text: str, found: list[str]) -> None:
    assert words(text, "en") == found


def test_spaced_words_give_the_text() -> None:
    text = "It  isn't,\nat best, «fine»."
    assert "".join(spaced(text)) == text
    assert [word.strip().lower() for word in spaced(text)] == words(text, "en")


def test_composed_and_decomposed_letters_are_one_word() -> None:
    assert words("I\u0307zmir", "tr") == words("İzmir", "tr") == ["izmir"]
