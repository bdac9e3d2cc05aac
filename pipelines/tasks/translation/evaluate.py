"""Translations that the trained networks generate for unseen sources, and their attention."""

from pathlib import Path

import keras

from pipelines.contract import Dataset, Evaluation, Predictions
from pipelines.nn import views
from pipelines.nn.heads import Head
from pipelines.sequence_to_sequence import generate
from pipelines.sequence_to_sequence import illustrate as illustrations
from pipelines.sequence_to_sequence.data import part
from pipelines.sequence_to_sequence.records import Illustration
from pipelines.tasks.translation.params import Params
from pipelines.tasks.translation.score import METRICS, corpus_chrf, kept, score
from pipelines.tasks.translation.subwords import Subwords
from pipelines.tasks.translation.train import Meta, datasets, head

__all__ = ["AVERAGED", "METRICS", "Meta", "datasets", "evaluate", "head", "illustrate", "predictions", "view"]
AVERAGED = ()


def predictions(
    network: keras.Model, head: Head, meta: Meta, target: str, dataset: Dataset, params: Params
) -> Predictions:
    """Logits under teacher forcing, and the generated translations."""
    return generate.predictions(network, dataset, meta.targets[target], Subwords.copied, params.evaluate)


def evaluate(
    prepared: Path, meta: Meta, target: str, split: str, predictions: Predictions, params: Params
) -> Evaluation:
    """Score the translations against the references; models are compared with each other by the nll of a sub-word of each pair."""
    texts, tokenizer = part(prepared, split), Subwords(prepared)
    ours = generate.generated(predictions, texts, meta.targets[target], tokenizer, params.evaluate.copy_unknown)
    written, greedy = (
        [tokenizer.text(tokens, source) for tokens, source in zip(rows, texts.sources, strict=True)]
        for rows in (ours.written, ours.greedy)
    )
    usual = texts.usual
    scored = score(texts, written)
    metrics = {
        **scored.metrics,
        "chrf_greedy": corpus_chrf(greedy[usual], texts.targets[usual]),
        "placeholders_kept_greedy": kept(texts.sources[usual], greedy[usual]),
        "nll_per_token": float(ours.nll[usual].sum() / ours.sizes[usual].sum()),
    }
    return Evaluation(metrics, scored.losses, scored.record, ours.nll[usual] / ours.sizes[usual])


def view(network: keras.Model, head: Head, meta: Meta, target: str) -> views.View:
    """From the embedded source to the log-probability of the translation that the network generates for it."""
    return views.of_source(network, meta.targets[target].longest_target)


def illustrate(
    network: keras.Model, head: Head, prepared: Path, meta: Meta, target: str, params: Params, files: Path
) -> Illustration | None:
    """Attention over some usual test pairs and longer ones; None without attention."""
    examples = datasets(prepared, meta, target)["test"]
    return illustrations.attention(network, examples, meta.targets[target], params.evaluate.shown)
