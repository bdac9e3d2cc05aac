"""Heads, from hidden states to a task's output: each owns the output layer, the loss, the decoding and the explained outputs.

Losses are per element, (batch,) or (batch, time); `Trainer` averages them, by the batch's weights where examples are padded.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from pipelines.contract import Array, Importances
from pipelines.nn import alignment
from pipelines.nn.datasets import FORECAST, FRAMES, LABEL, LABELS, NEXT, SYMBOLS

Tensor = Any
KEYS = "keys"
"""Name of a target: (batch, time, labels) zeros and ones."""


class Head(ABC):
    """The output layer of a network and everything that depends on its meaning."""

    importance: ClassVar[Importances] = "integrated gradients"
    """How the importance of inputs is measured."""

    @abstractmethod
    def output(self, hidden: Tensor) -> Tensor:
        """The output layer, which stays float32 under mixed precision."""

    @abstractmethod
    def loss(self, targets: dict[str, Tensor], outputs: Tensor) -> Tensor:
        """The loss of each element, (batch,) or (batch, time), in nats or the target's unit."""

    def training_loss(self, targets: dict[str, Tensor], outputs: Tensor) -> Tensor:
        """What training minimises in place of the loss, if that is another."""
        return self.loss(targets, outputs)

    @abstractmethod
    def decode(self, outputs: Array) -> Any:
        """The prediction, from the network's outputs."""

    @abstractmethod
    def explained(self, outputs: Tensor) -> Tensor:
        """(batch, outputs): the explained numbers; for classes log-probabilities, of which the largest is explained."""


class Regression(Head):
    """Numbers: (batch, features) -> (batch, outputs)."""

    importance = "permutation Shapley values"

    def __init__(self, outputs: int, loss: str) -> None:
        self.outputs = outputs
        self.function = keras.losses.get(loss)

    def output(self, hidden: Tensor) -> Tensor:
        """A linear layer."""
        return keras.layers.Dense(self.outputs, name="forecast", dtype="float32")(hidden)

    def loss(self, targets: dict[str, Tensor], outputs: Tensor) -> Tensor:
        """Keras's own, mean over the outputs: (batch,)."""
        return self.function(targets[FORECAST], outputs)

    def decode(self, outputs: Array) -> Array:
        """The numbers themselves."""
        return outputs

    def explained(self, outputs: Tensor) -> Tensor:
        """Each output."""
        return outputs


class Classifier(Head):
    """One of several classes: (batch, features) -> logits (batch, classes)."""

    def __init__(self, classes: int) -> None:
        self.classes = classes

    def output(self, hidden: Tensor) -> Tensor:
        """A linear layer."""
        return keras.layers.Dense(self.classes, name="logits", dtype="float32")(hidden)

    def loss(self, targets: dict[str, Tensor], outputs: Tensor) -> Tensor:
        """Cross-entropy, (batch,)."""
        return keras.losses.sparse_categorical_crossentropy(targets[LABEL], outputs, from_logits=True)

    def decode(self, outputs: Array) -> NDArray[np.float64]:
        """The probability of each class, (batch, classes)."""
        exponentials = np.exp(outputs.astype(np.float64) - outputs.max(-1, keepdims=True))
        return exponentials / exponentials.sum(-1, keepdims=True)

    def explained(self, outputs: Tensor) -> Tensor:
        """The log-probability of each class."""
        return ops.log_softmax(outputs, axis=-1)


class NextToken(Head):
    """The next token at every step: (batch, time, features) -> logits (batch, time, vocabulary)."""

    def __init__(self, vocabulary: int) -> None:
        self.vocabulary = vocabulary

    def output(self, hidden: Tensor) -> Tensor:
        """A linear layer at every step."""
        return keras.layers.Dense(self.vocabulary, name="logits", dtype="float32")(hidden)

    def loss(self, targets: dict[str, Tensor], outputs: Tensor) -> Tensor:
        """Cross-entropy of every token, (batch, time)."""
        return keras.losses.sparse_categorical_crossentropy(targets[NEXT], outputs, from_logits=True)

    def decode(self, outputs: Array) -> NDArray[np.int64]:
        """The most likely token at every step."""
        return outputs.argmax(-1)

    def explained(self, outputs: Tensor) -> Tensor:
        """The log-probability of each token after the last step."""
        return ops.log_softmax(outputs[:, -1], axis=-1)


class Decoder(NextToken):
    """The next token of a target sequence, given all of it before (teacher forcing, Williams & Zipser 1989).

    The network's own target is not decoded from these logits but generated token by token: `pipelines.nn.decoding`.
    """

    def __init__(self, vocabulary: int, label_smoothing: float = 0.0) -> None:
        super().__init__(vocabulary)
        self.label_smoothing = label_smoothing

    def training_loss(self, targets: dict[str, Tensor], outputs: Tensor) -> Tensor:
        """Cross-entropy with targets of which the share `label_smoothing` is spread over the vocabulary (Szegedy et al. 2016)."""
        losses = self.loss(targets, outputs)
        if not self.label_smoothing:
            return losses
        uniform = ops.logsumexp(outputs, axis=-1) - ops.mean(outputs, axis=-1)
        return (1 - self.label_smoothing) * losses + self.label_smoothing * uniform


class MultiLabel(Head):
    """Any of several labels at every step: (batch, time, features) -> logits (batch, time, labels)."""

    def __init__(self, labels: int, initial_log_odds: float = 0.0) -> None:
        self.labels = labels
        self.initial_log_odds = initial_log_odds

    def output(self, hidden: Tensor) -> Tensor:
        """A linear layer at every step; before training every label has the same log-odds."""
        bias = keras.initializers.Constant(self.initial_log_odds)
        return keras.layers.Dense(self.labels, name="logits", dtype="float32", bias_initializer=bias)(hidden)

    def loss(self, targets: dict[str, Tensor], outputs: Tensor) -> Tensor:
        """Negative log-likelihood of each step's labels, (batch, time), as in Boulanger-Lewandowski et al. 2012."""
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets[KEYS], logits=outputs)
        return tf.reduce_sum(losses, -1)

    def decode(self, outputs: Array) -> NDArray[np.bool_]:
        """The labels that are likelier than not."""
        return outputs > 0

    def explained(self, outputs: Tensor) -> Tensor:
        """The log-probability of each label at the last step."""
        return ops.log_sigmoid(outputs[:, -1])


class CTC(Head):
    """A sequence without alignment: (batch, frames, features) -> logits (batch, frames, 1 + symbols); symbol 0 is the blank.

    Connectionist temporal classification, Graves et al. 2006. Targets: `labels` (batch, length) symbols from 1 on, padded with 0, and how
    many `frames` and `symbols` of each example are not padding. A label that cannot fit into its frames has no finite likelihood;
    `fits` finds it before training.
    """

    def __init__(self, symbols: int) -> None:
        self.symbols = symbols

    def output(self, hidden: Tensor) -> Tensor:
        """A linear layer at every frame."""
        return keras.layers.Dense(1 + self.symbols, name="logits", dtype="float32")(hidden)

    def loss(self, targets: dict[str, Tensor], outputs: Tensor) -> Tensor:
        """Negative log-likelihood of the labels, summed over all alignments, (batch,).

        Labels are sparse for TensorFlow: with dense ones it runs another implementation, whose loss and gradient take several times longer.
        """
        labels = tf.cast(targets[LABELS], tf.int32)
        own = tf.sequence_mask(targets[SYMBOLS], tf.shape(labels)[1], tf.int32)
        return tf.nn.ctc_loss(
            tf.sparse.from_dense(labels * own),
            tf.transpose(outputs, (1, 0, 2)),
            label_length=None,
            logit_length=tf.cast(targets[FRAMES], tf.int32),
            logits_time_major=True,
            blank_index=0,
        )

    def decode(self, outputs: Array, frames: Array | None = None, beam: int = 1) -> list[list[int]]:
        """The symbols of each example: the most likely of each frame, repetitions and blanks removed; or by beam search of width `beam`."""
        lengths = np.full(len(outputs), outputs.shape[1]) if frames is None else frames
        if beam == 1:
            best = outputs.argmax(-1)
            return [
                [int(symbol) for symbol, before in zip(row, [0, *row[:-1]], strict=True) if symbol not in (0, before)]
                for row in (row[:length] for row, length in zip(best, lengths, strict=True))
            ]
        # TensorFlow's beam search has the blank last.
        rolled = np.roll(outputs, -1, axis=-1).transpose(1, 0, 2)
        (paths,), _ = tf.nn.ctc_beam_search_decoder(rolled, lengths.astype(np.int32), beam_width=beam, top_paths=1)
        dense = tf.sparse.to_dense(paths, default_value=-1).numpy()
        return [[int(symbol) + 1 for symbol in row if symbol >= 0] for row in dense]

    def explained(self, outputs: Tensor) -> Tensor:
        """The log-probability of each symbol and the blank at the last frame."""
        return ops.log_softmax(outputs[:, -1], axis=-1)

    fits = staticmethod(alignment.fits)
