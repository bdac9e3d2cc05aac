"""Words and their numbers: the first four mean the same in every vocabulary."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

PADDING, UNKNOWN, BEGIN, END = range(4)
SPECIAL = ("(padding)", "�", "(begin)", "(end)")
"""How reports and predictions show them."""


@dataclass(frozen=True)
class Vocabulary:
    """The words that training has seen, from the most frequent on, behind padding, unknown, begin and end."""

    words: tuple[str, ...]

    @classmethod
    def fitted(cls, words: Iterable[str], min_count: int = 1, max_size: int | None = None) -> "Vocabulary":
        """Of the words that come up `min_count` times and more, at most `max_size` of the most frequent."""
        counts = Counter(words)
        kept = sorted((word for word in counts if counts[word] >= min_count), key=lambda word: (-counts[word], word))
        return cls((*SPECIAL, *kept[:max_size]))

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Word -> number, of all but the special ones."""
        return {word: number for number, word in enumerate(self.words) if number >= len(SPECIAL)}

    def encode(self, words: Iterable[str]) -> list[int]:
        """The number of each word; `UNKNOWN` for one that training has not seen."""
        return [self.numbers.get(word, UNKNOWN) for word in words]

    def decode(self, numbers: Sequence[int]) -> list[str]:
        """The word of each number up to the first `END`, without `BEGIN` and `PADDING`."""
        words = []
        for number in numbers:
            if number == END:
                break
            if number not in (PADDING, BEGIN):
                words.append(self.words[number])
        return words
