"""Translation without a neural network."""

from collections.abc import Callable, Sequence
from itertools import pairwise

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
