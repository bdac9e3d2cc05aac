"""N-gram baselines."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from pipelines.baselines import ngrams
from pipelines.contract import Evaluation, Floats
from pipelines.nn.datasets import scoring_order
from pipelines.tasks.language.data import Meta, datasets, tokens_of
from pipelines.tasks.language.params import Params
from pipelines.tasks.language.score import score

__all__ = ["Meta", "baselines"]


def baselines(prepared: Path, meta: Meta, target: str, params: Params) -> dict[str, Callable[[], Evaluation]]:
    """A unigram and an interpolated Kneser–Ney model of the training part."""
    sizes, vocabulary = params.baselines, len(meta.text.vocabulary)
    training = np.asarray(tokens_of(prepared, meta, "train")[-sizes.ngram_tokens :])
    examples = datasets(prepared, meta, target)["test"]
    windows = scoring_order(examples).size  # those that the networks are scored on
    tokens = np.asarray(examples.tokens[: windows * examples.window + 1])

    def scored(log_probs: Callable[[], Floats]) -> Evaluation:
        return score(prepared, meta, "test", -log_probs()[1:].reshape(-1, examples.window), None)

    models = ngrams.log_probabilities(training, tokens, vocabulary, sizes.ngram_order, sizes.ngram_discount)
    return {name: partial(scored, log_probs) for name, log_probs in models.items()}
