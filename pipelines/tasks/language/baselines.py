"""N-gram baselines."""

from pathlib import Path

import numpy as np

from pipelines.baselines import ngrams
from pipelines.contract import Evaluation
from pipelines.nn.datasets import scoring_order
from pipelines.tasks.language.data import Meta, datasets, tokens_of
from pipelines.tasks.language.params import Params
from pipelines.tasks.language.score import score

__all__ = ["Meta", "baselines"]


def baselines(prepared: Path, meta: Meta, target: str, params: Params) -> dict[str, Evaluation]:
    """A unigram and an interpolated Kneser–Ney model of the training part."""
    sizes, vocabulary = params.baselines, len(meta.text.vocabulary)
    training = np.asarray(tokens_of(prepared, meta, "train")[-sizes.ngram_tokens :])
    examples = datasets(prepared, meta, target)["test"]
    windows = scoring_order(examples).size  # those that the networks are scored on
    tokens = np.asarray(examples.tokens[: windows * examples.window + 1])
    kneser_ney = ngrams.KneserNey(training.tolist(), sizes.ngram_order, sizes.ngram_discount, vocabulary)
    log_probs = {
        "unigram": ngrams.unigram(training, tokens, vocabulary),
        "Kneser–Ney": kneser_ney.score(tokens.tolist()),
    }
    return {
        name: score(prepared, meta, "test", -values[1:].reshape(-1, examples.window), None)
        for name, values in log_probs.items()
    }
