"""Classes of the test texts by the trained networks, and the texts as the networks read them."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from pipelines.analysis import gates, importance
from pipelines.classification import examples
from pipelines.classification.score import METRICS, score
from pipelines.contract import Array, Dataset, Evaluation, Predictions
from pipelines.nn import inference
from pipelines.nn.datasets import TOKENS
from pipelines.nn.heads import Head
from pipelines.nn.pooling import AttentionPooling
from pipelines.nn.views import SEQUENCE, View
from pipelines.nn.vocabulary import PADDING, UNKNOWN
from pipelines.text_classification.data import shown, table_of
from pipelines.text_classification.params import Params
from pipelines.text_classification.records import Illustration, ReadText
from pipelines.text_classification.train import Meta, datasets, head

__all__ = ["AVERAGED", "METRICS", "Meta", "datasets", "evaluate", "head", "illustrate", "predictions", "view"]
AVERAGED = ()
CANDIDATES = 512
"""Short test texts among which those that are illustrated are chosen."""


def predictions(
    network: keras.Model, head: Head, meta: Meta, target: str, dataset: Dataset, params: Params
) -> Predictions:
    """Logits (batch, classes), from the shortest texts to the longest."""
    return inference.predictions(network, dataset)


def evaluate(
    prepared: Path, meta: Meta, target: str, split: str, predictions: Predictions, params: Params
) -> Evaluation:
    """Score the logits against the labels, in the order of the table."""
    labels = datasets(prepared, meta, target)[split].labels
    probabilities = np.zeros((len(labels), len(meta.label.classes)))
    for prediction in predictions:
        probabilities[prediction.indices] = np.exp(inference.log_probabilities(prediction.outputs))
    return score(np.asarray(labels), probabilities, meta.label.classes, texts_of(prepared, split))


def texts_of(prepared: Path, split: str) -> list[str]:
    """The texts of a split, in order."""
    table = table_of(prepared)
    return table.loc[table["split"] == split, "text"].tolist()


# Explanations


def view(network: keras.Model, head: Head, meta: Meta, target: str) -> View:
    """From the embedded tokens to the log-probability of every class; an absent word is replaced by the unknown one.

    (From the mean of all words' vectors, which no word has, the integral converged far more slowly: errors of 1.1 and 0.1 nats on R8.)
    """
    embedding = network.get_layer("embedding")
    weights = np.asarray(embedding.embeddings)

    def embed(inputs: dict[str, Any]) -> dict[str, Array]:
        return {SEQUENCE: weights[inputs[TOKENS]], TOKENS: inputs[TOKENS]}

    sequence = keras.Input(embedding.output.shape[1:], name=SEQUENCE)
    tokens = keras.Input((None,), dtype="int32", name=TOKENS)
    after_embedding = keras.Model([embedding.output, network.input[TOKENS]], network.output)
    outputs = head.explained(after_embedding([sequence, tokens]))
    return View(
        keras.Model({SEQUENCE: sequence, TOKENS: tokens}, outputs),
        embed,
        head.importance,
        weights[UNKNOWN],
        "an unknown word",
        lambda inputs: inputs[TOKENS] != PADDING,
    )


def illustrate(
    network: keras.Model, head: Head, prepared: Path, meta: Meta, target: str, params: Params, files: Path
) -> Illustration | None:
    """Importance, attention, gates and memory over the words of some test texts; None if all are too long."""
    test = datasets(prepared, meta, target)["test"]
    short = np.flatnonzero(test.lengths <= params.evaluate.read_tokens)
    if not len(short):
        return None
    short = short[np.unique(np.linspace(0, len(short) - 1, CANDIDATES).astype(int))]
    probabilities = head.decode(network.predict_on_batch(test.batch(short).inputs))
    chosen = examples.chosen(probabilities, test.labels[short], params.evaluate.read_texts)
    batch = test.batch(short[chosen]).inputs
    explained = view(network, head, meta, target)
    assert explained.neutral is not None
    contributions = importance.integrated_gradients(explained.network, explained.embed(batch), explained.neutral)
    traces = gates.trace(network, batch).traces
    attention = _attention(network, batch)
    texts = texts_of(prepared, "test")
    read = []
    for row, index in enumerate(short[chosen]):
        length = int(test.lengths[index])
        read.append(
            ReadText(
                shown(texts[index], meta.label.unit, meta.label.language, prepared)[:length],
                meta.label.classes[test.labels[index]],
                probabilities[chosen[row]],
                contributions.values[row, :length].sum(-1).astype(np.float32),
                None if attention is None else attention[row, :length],
                {
                    name: values
                    for traced in traces
                    for name, values in gates.of_row(traced, row, slice(length)).items()
                },
            )
        )
    return Illustration(read)


def _attention(network: keras.Model, inputs: dict[str, Array]) -> Array | None:
    """The weights of attention pooling, (batch, time); None without it."""
    pooling = next((layer for layer in network.layers if isinstance(layer, AttentionPooling)), None)
    if pooling is None:
        return None
    weights = keras.Model(network.input, pooling.weights_of(*pooling.input))
    return weights.predict_on_batch(inputs)
