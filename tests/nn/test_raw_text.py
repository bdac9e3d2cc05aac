"""Text within a graph, held to the functions of the tasks that do the same in Python."""

import pytest
import tensorflow as tf

from pipelines.nn import raw_text
from pipelines.nn.vocabulary import PADDING, UNKNOWN, Vocabulary
from pipelines.tasks.language import release as language
from pipelines.tasks.language import texts
from pipelines.tasks.numbers import release as numbers
from pipelines.tasks.numbers.data import WORDS
from pipelines.text_classification.release import split
from pipelines.text_classification.words import words

TEXTS = [
    "A fine day, isn't it?",
    "rock'n'roll'n'blues  ''quoted''",
    "ÇOK GÜZEL! İstanbul'dan IŞIK",
    "tab\there\x07bell\u2028line",
    "हिन्दी में लिखा 12.5%",
    "a_b c-d e…f “g”",
    " \n leading and trailing \n",
    "日本語 text",
]


def decoded(ragged: tf.RaggedTensor) -> list[list[str]]:
    return [[word.decode() for word in row] for row in ragged.to_list()]


@pytest.mark.parametrize("language", ["en", "tr"])
def test_raw_text_words_of_classification_are_those_of_the_task(language: str) -> None:
    assert decoded(split(tf.constant(TEXTS), language)) == [words(text, language) for text in TEXTS]


def test_raw_text_words_of_language_are_those_of_the_task() -> None:
    written = [text for text in TEXTS if "\x07" not in text and "हि" not in text]
    expected = [[word for part in texts.words(iter([text])) for word in part] for text in written]
    assert decoded(raw_text.pieces(tf.constant(written), language.WORD)) == expected


def test_raw_text_words_of_numbers_are_those_of_the_task() -> None:
    written = [text for text in TEXTS if "\x07" not in text and "हि" not in text]
    assert decoded(numbers.words(tf.constant(written))) == [WORDS.source(text) for text in written]


def test_raw_text_table_knows_unknown_words_and_padding() -> None:
    table = raw_text.table(Vocabulary.fitted(["a", "b", "b"]))
    assert table.lookup(tf.constant(["b", "a", "c", "", "(end)"])).numpy().tolist() == [4, 5, UNKNOWN, PADDING, UNKNOWN]


def test_raw_text_of_no_word_is_an_error() -> None:
    table = raw_text.table(Vocabulary.fitted(["a"]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="a text holds no word"):
        raw_text.encoded(tf.RaggedTensor.from_row_lengths(tf.constant(["a"]), [1, 0]), table)


def test_raw_text_choice_that_there_is_not_is_an_error_with_those_that_there_are() -> None:
    styles = raw_text.Choices(["tunes", "chorales"], "style")
    assert styles.index(tf.constant(["chorales"])).numpy().tolist() == [1]
    with pytest.raises(tf.errors.InvalidArgumentError, match="no such style; there are tunes, chorales"):
        styles.index(tf.constant(["waltz"]))
