"""Words and their token ids: the first four mean the same in every vocabulary."""

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
        """Of the words that occur at least `min_count` times, at most `max_size` of the most frequent."""
        counts = Counter(words)
        kept = sorted((word for word in counts if counts[word] >= min_count), key=lambda word: (-counts[word], word))
        return cls((*SPECIAL, *kept[:max_size]))

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Word -> token id, of all but the special ones."""
        return {word: token_id for token_id, word in enumerate(self.words) if token_id >= len(SPECIAL)}

    def encode(self, words: Iterable[str]) -> list[int]:
        """The token id of each word; `UNKNOWN` for one that training has not seen."""
        return [self.ids.get(word, UNKNOWN) for word in words]

    def decode(self, token_ids: Sequence[int]) -> list[str]:
        """The word of each token id up to the first `END`, without `BEGIN` and `PADDING`."""
        words = []
        for token_id in token_ids:
            if token_id == END:
                break
            if token_id not in (PADDING, BEGIN):
                words.append(self.words[token_id])
        return words
