import pytest

from pipelines.text_classification.words import lowered, spaced, words


@pytest.mark.parametrize(
    ("text", "language", "lower"),
    [
        ("İSTANBUL IŞIK", "tr", "istanbul ışık"),
        ("I\u0307zmir", "tr", "izmir"),
        ("ISPARTA", "az", "ısparta"),
        ("ISLE", "en", "isle"),
        ("STRASSE ÄÖ", "de", "strasse äö"),
    ],
)
def test_lowered_follows_the_language(text: str, language: str, lower: str) -> None:
    assert lowered(text, language) == lower


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
