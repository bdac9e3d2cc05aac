"""Targets that the trained networks generate for unseen sources, and their attention."""

from pathlib import Path

import keras
import numpy as np

from pipelines.contract import Dataset, Evaluation, Predictions
from pipelines.nn import datasets as batches
from pipelines.nn import views
from pipelines.nn.datasets import NEXT, SOURCE
from pipelines.nn.decoding import BeamSearch
from pipelines.nn.heads import Head
from pipelines.nn.inference import log_probabilities
from pipelines.nn.vocabulary import END
from pipelines.tasks.numbers.data import table_of, tokens
from pipelines.tasks.numbers.params import Params
from pipelines.tasks.numbers.predictions import Transcription
from pipelines.tasks.numbers.records import AttentionMap, Illustration
from pipelines.tasks.numbers.score import METRICS, score
from pipelines.tasks.numbers.train import Meta, datasets, head

__all__ = ["AVERAGED", "METRICS", "Meta", "datasets", "evaluate", "head", "illustrate", "predictions", "view"]
AVERAGED = ()
BATCH = 256


def predictions(
    network: keras.Model, head: Head, meta: Meta, target: str, dataset: Dataset, params: Params
) -> Predictions:
    """Logits under teacher forcing, and the generated targets."""
    beam_search = BeamSearch(network)
    for indices in batches.in_order(dataset, BATCH):
        batch = dataset.batch(indices)
        assert batch.weights is not None
        logits = network.predict_on_batch(batch.inputs)
        log_probs = np.take_along_axis(log_probabilities(logits), batch.targets[NEXT][..., None], -1)[..., 0]
        source, max_length, sizes = batch.inputs[SOURCE], meta.words.longest_target, params.evaluate
        yield Transcription(
            indices,
            logits,
            [hypothesis.tokens for hypothesis in beam_search.search(source, max_length)],
            [
                hypothesis.tokens
                for hypothesis in beam_search.search(source, max_length, sizes.beam, sizes.length_penalty)
            ],
            -(log_probs * batch.weights).sum(1),
            batch.weights.sum(1),
        )


def evaluate(
    prepared: Path, meta: Meta, target: str, split: str, predictions: Predictions, params: Params
) -> Evaluation:
    """Score the generated targets against the references."""
    table = table_of(prepared)
    rows = table[table["split"] == split]
    sources, references = ([tokens(text) for text in rows[side]] for side in ("source", "target"))
    written: dict[int, list[str]] = {}
    greedy: dict[int, list[str]] = {}
    nll, size = 0.0, 0.0
    longer = int(rows["longer"].sum())
    vocabulary = meta.words.target_vocabulary
    for prediction in predictions:
        assert isinstance(prediction, Transcription)
        for row, ours, likeliest in zip(
            prediction.indices.tolist(), prediction.written, prediction.greedy, strict=True
        ):
            written[row], greedy[row] = vocabulary.decode(ours), vocabulary.decode(likeliest)
        usual = prediction.indices < len(rows) - longer
        nll, size = nll + prediction.nll[usual].sum(), size + prediction.sizes[usual].sum()
    scored = score(sources, [written[row] for row in range(len(rows))], references, longer)
    pairs = list(enumerate(references))[: len(rows) - longer]
    metrics = {
        **scored.metrics,
        "exact_match_greedy": float(np.mean([greedy[row] == reference for row, reference in pairs])),
        "nll_per_token": float(nll / size),
    }
    return Evaluation(metrics, scored.losses, scored.record)


def view(network: keras.Model, head: Head, meta: Meta, target: str) -> views.View:
    """From the embedded source to the log-probability of the target that the network generates for it."""
    return views.of_source(network, meta.words.longest_target)


def illustrate(
    network: keras.Model, head: Head, prepared: Path, meta: Meta, target: str, params: Params, files: Path
) -> Illustration | None:
    """Attention over the longest usual test pairs and the longer ones; None without attention."""
    beam_search = BeamSearch(network)
    if not beam_search.has_attention:
        return None
    examples, words = datasets(prepared, meta, target)["test"], meta.words
    usual = len(examples) - words.longer
    sizes = np.array([len(source) for source in examples.sources])
    chosen = np.argsort(-sizes[:usual], kind="stable")[: params.evaluate.shown]
    chosen = np.concatenate([chosen, np.arange(usual, len(examples))[: params.evaluate.shown]])
    batch = examples.batch(chosen)
    hypotheses = beam_search.search(batch.inputs[SOURCE], words.longest_target)
    return Illustration(
        [
            AttentionMap(
                words.source_vocabulary.decode(examples.sources[row]),
                [*words.target_vocabulary.decode(hypothesis.tokens), words.target_vocabulary.words[END]][
                    : len(hypothesis.attention)
                ],
                words.target_vocabulary.decode(examples.targets[row]),
                hypothesis.attention.astype(np.float32),
            )
            for row, hypothesis in zip(chosen.tolist(), hypotheses, strict=True)
            if hypothesis.attention is not None
        ]
    )
