"""Outputs of a trained network: for a whole split, or step by step with explicit states."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pipelines.contract import Array, BatchPrediction, Dataset, Predictions
from pipelines.nn import datasets, layers

BATCH = 512


def predictions(network: keras.Model, dataset: Dataset, batch_size: int = BATCH) -> Predictions:
    """The outputs for all examples, a batch at a time; consecutive examples pass the state on to each other."""
    if not dataset.streams:
        for indices in datasets.in_order(dataset, batch_size):
            yield BatchPrediction(indices, network.predict_on_batch(dataset.batch(indices).inputs))
        return
    reader, states = Stepper(network), None
    for indices in datasets.scoring_order(dataset):
        outputs, states = reader(dataset.batch(indices).inputs, states)
        yield BatchPrediction(indices, outputs.numpy())


class Stepper:
    """A network with explicit states: inputs and states in, outputs and states out."""

    def __init__(self, network: keras.Model) -> None:
        self.network = network
        self.sizes = layers.state_sizes(network)
        self._call = tf.function(self._traced, reduce_retracing=True, autograph=False)

    def __call__(self, inputs: Mapping[str, Any], states: Sequence[Any] | None = None) -> tuple[Any, list[Any]]:
        """Outputs and the states after the last step; without states the network starts from zeros."""
        tensors = {name: tf.convert_to_tensor(value) for name, value in inputs.items()}
        if states is None:
            states = self.zero_states(len(next(iter(tensors.values()))))
        outputs, after = self._call(tensors, [tf.convert_to_tensor(state) for state in states])
        return outputs, after

    def zero_states(self, rows: int) -> list[Any]:
        """States of zeros for so many sequences."""
        return [tf.zeros((rows, size)) for size in self.sizes]

    def _traced(self, inputs: dict[str, Any], states: list[Any]) -> tuple[Any, list[Any]]:
        with layers.initial_states(self.network, states) as after:
            outputs = self.network(inputs, training=False)
        return outputs, after()


def log_probabilities(logits: Array) -> Array:
    """log softmax over the last axis, in nats, float64."""
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def bits_per_token(dataset: datasets.Tokens, predictions: Predictions) -> tuple[Array, Array]:
    """Bits of every token of a split, and whether it was the most likely: (windows, window) each, in order.

    `predictions` hold the logits (streams, window, vocabulary) of consecutive windows.
    """
    bits: dict[int, Array] = {}
    hits: dict[int, Array] = {}
    for prediction in predictions:
        targets = dataset.batch(prediction.indices).targets[datasets.NEXT]
        log_probs = np.take_along_axis(log_probabilities(prediction.outputs), targets[..., None], -1)[..., 0]
        bits |= dict(zip(prediction.indices.tolist(), -log_probs / np.log(2), strict=True))
        hits |= dict(zip(prediction.indices.tolist(), prediction.outputs.argmax(-1) == targets, strict=True))
    return tuple(np.stack([part[window] for window in sorted(part)]) for part in (bits, hits))  # type: ignore[return-value]
