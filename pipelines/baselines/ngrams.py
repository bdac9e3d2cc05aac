"""N-gram language models: unigram and interpolated Kneser–Ney."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Context = tuple[str, ...]


def log_probabilities(
    training: NDArray[Any], tokens: NDArray[Any], vocabulary: int, order: int, discount: float
) -> dict[str, Callable[[], Array]]:
    """By name of the model, what estimates it on `training` and gives the log2-probability of each of `tokens`."""
    return {
        "unigram": lambda: unigram(training, tokens, vocabulary),
        "Kneser–Ney": lambda: KneserNey(training.tolist(), order, discount, vocabulary).score(tokens.tolist()),
    }


def unigram(training: NDArray[Any], tokens: NDArray[Any], vocabulary: int) -> Array:
    """Log2-probability of each of `tokens` by its frequency in `training`, one added to every count (Laplace)."""
    counts = np.bincount(training, minlength=vocabulary) + 1.0
    return np.log2(counts / counts.sum())[tokens]


class KneserNey:
    """Interpolated Kneser–Ney of nltk (Kneser & Ney 1995; Chen & Goodman 1999), with its counts computed once.

    nltk counts the contexts of a token over all n-grams again for every probability: 6 ms a character.
    Here they are counted once. The unigram is interpolated with the uniform distribution, as KenLM and SRILM do, so that no token
    of the vocabulary is impossible.
    """

    def __init__(self, training: Sequence[int], order: int, discount: float, vocabulary: int) -> None:
        from nltk.lm import KneserNeyInterpolated
        from nltk.lm.smoothing import KneserNey as Smoothing
        from nltk.util import everygrams

        class Counted(Smoothing):
            """nltk's smoothing, its continuation counts looked up."""

            def _continuation_counts(self, word: str, context: Context = ()) -> tuple[int, int]:
                return continuations[context][word], totals[context]

            def unigram_score(self, word: str) -> float:
                seen = continuations[()]
                kept = max(seen[word] - discount, 0) + discount * len(seen) / vocabulary
                return float(kept / totals[()])

        self.order = order
        self.model = KneserNeyInterpolated(order, discount=discount)
        self.model.fit([everygrams(_symbols(training), max_len=order)], vocabulary_text=_symbols(range(vocabulary)))
        continuations: defaultdict[Context, Counter[str]] = defaultdict(Counter)
        totals: Counter[Context] = Counter()
        for length in range(2, order + 1):
            for prefix, counts in self.model.counts[length].items():
                continuations[prefix[1:]].update(counts.keys())
                totals[prefix[1:]] += len(counts)
        self.model.estimator = Counted(self.model.vocab, self.model.counts, order, discount=discount)

    def score(self, tokens: Sequence[int]) -> Array:
        """Log2-probability of each token after the `order - 1` before it."""
        known: dict[tuple[Context, str], float] = {}
        result = np.empty(len(tokens))
        symbols = _symbols(tokens)
        for index, token in enumerate(symbols):
            context = tuple(symbols[max(0, index - self.order + 1) : index])
            key = (context, token)
            if key not in known:
                known[key] = self.model.unmasked_score(token, context)
            result[index] = np.log2(known[key])
        return result


def _symbols(tokens: Iterable[int]) -> list[str]:
    """Tokens as nltk expects them: one character each."""
    return [chr(token) for token in tokens]
