"""Non-neural baselines."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from pipelines.contract import Evaluation
from pipelines.sequence_to_sequence.baselines import Translator, Words, nearest
from pipelines.sequence_to_sequence.data import part, tokens_of
from pipelines.tasks.numbers.data import WORDS, Meta
from pipelines.tasks.numbers.params import Params
from pipelines.tasks.numbers.score import score

__all__ = ["Meta", "baselines"]


def baselines(prepared: Path, meta: Meta, target: str, params: Params) -> dict[str, Callable[[], Evaluation]]:
    """Copy the source; the target of the nearest training source; each word by its most likely translation."""
    test = part(prepared, "test")
    sources, references = tokens_of(test, WORDS)
    known = tokens_of(part(prepared, "train"), WORDS)
    methods: dict[str, Callable[[], Translator]] = {
        "copy": lambda: list,
        "nearest neighbour": lambda: nearest(*known),
        "word for word": lambda: word_for_word(*known, params.baselines.alignment_iterations),
    }

    def scored(method: Callable[[], Translator]) -> Evaluation:
        return score(sources, method()(sources), references, test.longer)

    return {name: partial(scored, method) for name, method in methods.items()}


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
