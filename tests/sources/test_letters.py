import pytest

from pipelines.sources.letters import capital, small


@pytest.mark.parametrize(
    ("large", "language", "lower"),
    [
        ("İSTANBUL IŞIK", "tr", "istanbul ışık"),
        ("ISPARTA", "az", "ısparta"),
        ("ISLE", "en", "isle"),
        ("STRASSE ÄÖ", "de", "strasse äö"),
    ],
)
def test_letters_follow_the_language(large: str, language: str, lower: str) -> None:
    assert small(large, language) == lower
    assert capital(lower, language) == large
