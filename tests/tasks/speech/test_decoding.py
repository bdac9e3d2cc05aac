"""From log-probabilities to text, and when each word was said."""

import numpy as np
import pytest

from pipelines.tasks.speech.decoding import WordModel, WordSearch, align, word_steps

ALPHABET = " enotw"


def peaked(text: str, steps: int = 3, certainty: float = 0.95) -> np.ndarray:
    """Log-probabilities of a path that writes each character of `text` in one step, with blanks before it."""
    path = [symbol for character in text for symbol in (*[0] * (steps - 1), ALPHABET.index(character) + 1)]
    chances = np.full((len(path), len(ALPHABET) + 1), (1 - certainty) / len(ALPHABET))
    chances[np.arange(len(path)), path] = certainty
    return np.log(chances)


@pytest.fixture(scope="module")
def words() -> WordModel:
    return WordModel(["one two", "two one", "one one", "ten"], 2)


def test_word_model_gives_probabilities_that_add_up(words: WordModel) -> None:
    chances = [np.exp(words.log_probability(word, ("one",))) for word in ("one", "two", "ten", None, "strange")]
    assert sum(chances) == pytest.approx(1, abs=1e-6)
    assert words.log_probability("two", ("one",)) > words.log_probability("ten", ("one",))


@pytest.mark.parametrize("text", ["one two", "ten", "two"])
def test_word_search_without_weight_writes_the_likeliest_path(words: WordModel, text: str) -> None:
    assert WordSearch(ALPHABET, words, 4, 0.0, 0.0)(peaked(text)) == text


def test_word_search_corrects_a_spelling_that_is_no_word(words: WordModel) -> None:
    chances = np.exp(peaked("two own"))
    place = 3 * len("two o") + 2  # "w" and "n" are nearly equally likely where an n is said, and so is the e after it
    chances[place, [ALPHABET.index("w") + 1, ALPHABET.index("n") + 1]] = 0.48, 0.46
    chances[place + 3, [ALPHABET.index("n") + 1, ALPHABET.index("e") + 1]] = 0.48, 0.46
    log_probabilities = np.log(chances / chances.sum(1, keepdims=True))
    assert WordSearch(ALPHABET, words, 8, 0.0, 0.0)(log_probabilities) == "two own"
    assert WordSearch(ALPHABET, words, 8, 1.0, 0.0)(log_probabilities) == "two one"


def test_word_search_keeps_repeated_characters_apart(words: WordModel) -> None:
    assert WordSearch(ALPHABET, words, 4, 0.0, 0.0)(peaked("tee")) == "tee"


def test_align_finds_the_steps_of_each_symbol() -> None:
    text = "two one"
    spans = align(peaked(text), [ALPHABET.index(character) + 1 for character in text])
    assert spans == [(3 * index + 2, 3 * index + 2) for index in range(len(text))]
    assert word_steps(text, spans) == [("two", 2, 8), ("one", 14, 20)]


def test_align_needs_a_blank_between_equal_symbols() -> None:
    log_probabilities = np.log(np.full((3, 3), 1 / 3))
    assert len(align(log_probabilities, [1, 1])) == 2
    with pytest.raises(ValueError, match="do not fit"):
        align(log_probabilities[:2], [1, 1])
