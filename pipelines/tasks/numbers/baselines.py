"""Non-neural baselines."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from pipelines.contract import Evaluation
from pipelines.tasks.numbers.data import Meta, table_of, tokens
from pipelines.tasks.numbers.params import Params
from pipelines.tasks.numbers.score import score

__all__ = ["Meta", "baselines"]
Words = list[str]


def baselines(prepared: Path, meta: Meta, target: str, params: Params) -> dict[str, Callable[[], Evaluation]]:
    """Copy the source; the target of the nearest training source; each word by its most likely translation."""
    table = table_of(prepared)
    rows = {split: table[table["split"] == split] for split in ("train", "test")}
    sources, references = ([tokens(text) for text in rows["test"][side]] for side in ("source", "target"))
    known, translations = ([tokens(text) for text in rows["train"][side]] for side in ("source", "target"))
    methods: dict[str, Callable[[], list[Words]]] = {
        "copy": lambda: sources,
        "nearest neighbour": lambda: nearest(known, translations)(sources),
        "word for word": lambda: word_for_word(known, translations, params.baselines.alignment_iterations)(sources),
    }

    def scored(method: Callable[[], list[Words]]) -> Evaluation:
        return score(sources, method(), references, meta.words.longer)

    return {name: partial(scored, method) for name, method in methods.items()}


def nearest(known: list[Words], translations: list[Words]) -> Callable[[Sequence[Words]], list[Words]]:
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


def word_for_word(
    known: list[Words], translations: list[Words], iterations: int
) -> Callable[[Sequence[Words]], list[Words]]:
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
