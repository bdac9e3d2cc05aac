"""Text within a TensorFlow graph: words and characters, their token ids, and the way back."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from pipelines.nn.vocabulary import PADDING, SPECIAL, UNKNOWN, Vocabulary

Tensor = Any
LETTER = r"\p{L}\p{N}_"
"""Of a class of RE2's regular expressions: what Python's `\\w` means, which RE2's own does for ASCII alone."""
SPACE = r"\s\p{Z}\x{85}"
"""What Python's `\\s` means."""
BORDER = "\x1e"
"""Between two tokens; no text contains it after `cleaned`."""
_STEERING = r"[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{2028}\x{2029}\x{202a}-\x{202e}\x{2066}-\x{2069}]"


def cleaned(texts: Tensor) -> Tensor:
    """A space in place of each control character but tab and line feed."""
    return tf.strings.regex_replace(texts, _STEERING, " ")


def pieces(texts: Tensor, pattern: str) -> tf.RaggedTensor:
    """What matches `pattern` (RE2), in order: (batch,) strings -> (batch, tokens). What does not match goes to the piece before it."""
    marked = tf.strings.regex_replace(texts, f"({pattern})", rf"\1{BORDER}")
    split = tf.strings.split(marked, BORDER)
    return tf.ragged.boolean_mask(split, tf.not_equal(split, ""))


def table(vocabulary: Vocabulary) -> tf.lookup.StaticHashTable:
    """Word -> token id: `UNKNOWN` for one that training has not seen, `PADDING` for an empty string."""
    words = ["", *vocabulary.words[len(SPECIAL) :]]
    ids = [PADDING, *range(len(SPECIAL), len(vocabulary))]
    initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(words, tf.string), tf.constant(ids, tf.int64))
    return tf.lookup.StaticHashTable(initializer, UNKNOWN)


def encoded(words: tf.RaggedTensor, ids: tf.lookup.StaticHashTable) -> Tensor:
    """(batch, tokens) words -> (batch, tokens) int32, padded on the right; an error for a text without any."""
    message = "a text holds no word; write one"
    with tf.control_dependencies([tf.debugging.assert_positive(words.row_lengths(), message)]):
        return tf.cast(ids.lookup(words.to_tensor("")), tf.int32)


def words_of(vocabulary: Vocabulary) -> Tensor:
    """(vocabulary,) strings, to be gathered by token id."""
    return tf.constant(list(vocabulary.words), tf.string)


def joined(words: Tensor, kept: Tensor, separator: str) -> Tensor:
    """(batch, tokens) strings and which of them are kept -> (batch,) texts."""
    return tf.strings.reduce_join(tf.ragged.boolean_mask(words, kept), axis=-1, separator=separator)


class Choices:
    """A closed list of names, looked up by name; another name is an error that lists them."""

    def __init__(self, names: Sequence[str], what: str) -> None:
        self.names, self.what = list(names), what
        initializer = tf.lookup.KeyValueTensorInitializer(
            tf.constant(self.names, tf.string), tf.range(len(self.names), dtype=tf.int64)
        )
        self.table = tf.lookup.StaticHashTable(initializer, -1)

    def index(self, name: Tensor) -> Tensor:
        """The index of each name, int64."""
        found = self.table.lookup(name)
        message = f"there is no such {self.what}; there are {', '.join(self.names)}"
        with tf.control_dependencies([tf.debugging.assert_non_negative(found, message)]):
            return tf.identity(found)
