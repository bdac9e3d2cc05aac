"""Translation without a neural network."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

Words = list[str]
Translator = Callable[[Sequence[Words]], list[Words]]


def nearest(known: list[Words], translations: list[Words]) -> Translator:
    """The translation of the training source that is nearest by TF–IDF of its words and pairs of words (cosine)."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.neighbors import NearestNeighbors

    vectors = TfidfVectorizer(analyzer=_words_and_pairs)
    index = NearestNeighbors(n_neighbors=1, metric="cosine").fit(vectors.fit_transform(known))

    def translate(sources: Sequence[Words]) -> list[Words]:
        neighbours = index.kneighbors(vectors.transform(list(sources)), return_distance=False)[:, 0]
        return [translations[row] for row in neighbours]

    return translate


def _words_and_pairs(words: Words) -> list[str]:
    ends = ["<", *words, ">"]
    return words + [f"{one} {other}" for one, other in pairwise(ends)]


def word_for_word(known: list[Words], translations: list[Words], iterations: int) -> Translator:
    """Each word by its most likely translation under IBM Model 1 (Brown et al. 1993; nltk's)."""
    from nltk.translate import AlignedSent, IBMModel1

    # The model gives p(target word | source word), with None as the source of a target word without a counterpart.
    model = IBMModel1([AlignedSent(theirs, ours) for ours, theirs in zip(known, translations, strict=True)], iterations)
    words = sorted({word for source in known for word in source})
    candidates = sorted({word for target in translations for word in target})
    best: dict[str, str] = {}
    for word in words:
        probabilities = [model.translation_table[candidate][word] for candidate in candidates]
        best[word] = candidates[int(np.argmax(probabilities))]
    return lambda sources: [[best.get(word, word) for word in source] for source in sources]
