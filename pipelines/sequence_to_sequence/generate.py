"""Targets that a trained network generates for the sources of a split."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from pipelines.contract import Array, BatchPrediction, Dataset, Floats, Predictions
from pipelines.nn import datasets
from pipelines.nn.datasets import NEXT, SOURCE
from pipelines.nn.decoding import BeamSearch, Hypothesis, Required
from pipelines.nn.inference import log_probabilities
from pipelines.nn.vocabulary import UNKNOWN, Vocabulary
from pipelines.sequence_to_sequence.data import PairTarget, Part, Tokenizer
from pipelines.sequence_to_sequence.params import Evaluate

BATCH = 256


@dataclass(frozen=True)
class Transcription(BatchPrediction):
    """The logits under teacher forcing, and the generated targets."""

    greedy: list[Hypothesis]
    """Without the constraint that copied tokens are there."""
    written: list[Hypothesis]
    """By beam search."""
    nll: Array
    """Negative log-likelihood of each reference, in nats, (batch,)."""
    sizes: Array
    """Tokens of each reference, its end included."""


@dataclass(frozen=True)
class Generated:
    """What was generated for a split, in its order."""

    written: list[list[str]]
    """Tokens, by beam search."""
    greedy: list[list[str]]
    nll: Floats
    """Of each reference, in nats."""
    sizes: Floats
    """Tokens of each reference, its end included."""


def predictions(
    network: keras.Model, dataset: Dataset, target: PairTarget, copied: Sequence[str], params: Evaluate
) -> Predictions:
    """Logits under teacher forcing, and the generated targets; `copied` as a `Tokenizer` has it."""
    beam_search = BeamSearch(network)
    for indices in datasets.in_order(dataset, BATCH):
        batch = dataset.batch(indices)
        assert batch.weights is not None
        logits = network.predict_on_batch(batch.inputs)
        log_probs = np.take_along_axis(log_probabilities(logits), batch.targets[NEXT][..., None], -1)[..., 0]
        source, max_length = batch.inputs[SOURCE], target.longest_target
        yield Transcription(
            indices,
            logits,
            beam_search.search(source, max_length),
            beam_search.search(
                source, max_length, params.beam, params.length_penalty, required(source, target, copied)
            ),
            -(log_probs * batch.weights).sum(1),
            batch.weights.sum(1),
        )


def required(source: Array, target: PairTarget, copied: Sequence[str]) -> Required | None:
    """The tokens of each source (batch, steps) that its target has to have as often; None if the vocabularies have none of `copied`."""
    theirs, ours = target.source_vocabulary.ids, target.target_vocabulary.ids
    known = [token for token in copied if token in theirs and token in ours]
    if not known:
        return None
    counts = (source[..., None] == np.array([theirs[token] for token in known])).sum(1)
    return Required(np.array([ours[token] for token in known]), counts)


def generated(
    predictions: Predictions, texts: Part, target: PairTarget, tokenizer: Tokenizer, copy_unknown: bool
) -> Generated:
    """The tokens of all predictions, in the order of the split."""
    count = len(texts.sources)
    written: list[list[str]] = [[] for _ in range(count)]
    greedy: list[list[str]] = [[] for _ in range(count)]
    nll, sizes = np.zeros(count), np.zeros(count)
    for prediction in predictions:
        assert isinstance(prediction, Transcription)
        nll[prediction.indices], sizes[prediction.indices] = prediction.nll, prediction.sizes
        for rows, hypotheses in ((written, prediction.written), (greedy, prediction.greedy)):
            for row, hypothesis in zip(prediction.indices.tolist(), hypotheses, strict=True):
                source = tokenizer.source(texts.sources[row]) if copy_unknown else []
                rows[row] = tokens(hypothesis, target.target_vocabulary, source)
    return Generated(written, greedy, nll, sizes)


def tokens(hypothesis: Hypothesis, vocabulary: Vocabulary, source: Sequence[str]) -> list[str]:
    """The tokens of a hypothesis; an unknown one is replaced by the token of `source` with the highest attention, if there is any."""
    words = vocabulary.decode(hypothesis.tokens)
    if hypothesis.attention is not None and len(source):
        for index, token_id in enumerate(hypothesis.tokens):
            if token_id == UNKNOWN:
                words[index] = source[int(hypothesis.attention[index].argmax())]
    return words
