"""Targets that the trained networks generate for unseen sources, and their attention."""

from pathlib import Path

import keras
import numpy as np

from pipelines.contract import Dataset, Evaluation, Predictions
from pipelines.nn import views
from pipelines.nn.heads import Head
from pipelines.sequence_to_sequence import generate
from pipelines.sequence_to_sequence import illustrate as illustrations
from pipelines.sequence_to_sequence.data import part, tokens_of
from pipelines.sequence_to_sequence.records import Illustration
from pipelines.tasks.numbers.data import WORDS
from pipelines.tasks.numbers.params import Params
from pipelines.tasks.numbers.score import METRICS, score
from pipelines.tasks.numbers.train import Meta, datasets, head

__all__ = ["AVERAGED", "METRICS", "Meta", "datasets", "evaluate", "head", "illustrate", "predictions", "view"]
AVERAGED = ()


def predictions(
    network: keras.Model, head: Head, meta: Meta, target: str, dataset: Dataset, params: Params
) -> Predictions:
    """Logits under teacher forcing, and the generated targets."""
    return generate.predictions(network, dataset, meta.targets[target], WORDS.copied, params.evaluate)


def evaluate(
    prepared: Path, meta: Meta, target: str, split: str, predictions: Predictions, params: Params
) -> Evaluation:
    """Score the generated targets against the references."""
    texts = part(prepared, split)
    ours = generate.generated(predictions, texts, meta.targets[target], WORDS, params.evaluate.copy_unknown)
    sources, references = tokens_of(texts, WORDS)
    scored = score(sources, ours.written, references, texts.longer)
    usual = texts.usual
    greedy = [one == other for one, other in zip(ours.greedy[usual], references[usual], strict=True)]
    metrics = {
        **scored.metrics,
        "exact_match_greedy": float(np.mean(greedy)),
        "nll_per_token": float(ours.nll[usual].sum() / ours.sizes[usual].sum()),
    }
    return Evaluation(metrics, scored.losses, scored.record)


def view(network: keras.Model, head: Head, meta: Meta, target: str) -> views.View:
    """From the embedded source to the log-probability of the target that the network generates for it."""
    return views.of_source(network, meta.targets[target].longest_target)


def illustrate(
    network: keras.Model, head: Head, prepared: Path, meta: Meta, target: str, params: Params, files: Path
) -> Illustration | None:
    """Attention over some usual test pairs and longer ones; None without attention."""
    examples = datasets(prepared, meta, target)["test"]
    return illustrations.attention(network, examples, meta.targets[target], params.evaluate.shown)
