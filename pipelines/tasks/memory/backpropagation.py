"""The gradient of the loss with respect to the states of the recurrent layer at every step."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pipelines.contract import Batch, Floats
from pipelines.nn.datasets import WINDOW
from pipelines.nn.heads import Head, NextToken


def state_gradients(network: keras.Model, head: Head, batch: Batch) -> Floats:
    """Norm of d loss / d state of the last recurrent layer at every step, (examples, time): of all its states together.

    This is the product of Jacobians whose vanishing and exploding Bengio et al. 1994 and Pascanu et al. 2013 describe. The layers of
    `network` follow each other; its cell is called step by step, so that the states in between can be differentiated by.
    """
    index = max(i for i, layer in enumerate(network.layers) if isinstance(layer, keras.layers.RNN))
    recurrent, after = network.layers[index], network.layers[index + 1 :]
    sequence = keras.Model(network.input, recurrent.input)({WINDOW: tf.constant(batch.inputs[WINDOW])}, training=False)
    steps: list[list[Any]] = []
    with tf.GradientTape() as tape:
        states = [tf.zeros((len(sequence), size)) for size in _sizes(recurrent.cell)]
        tape.watch(states)
        outputs = []
        for x in tf.unstack(sequence, axis=1):
            output, states = recurrent.cell(x, states, training=False)
            outputs.append(output)
            steps.append(list(states))
        hidden = tf.stack(outputs, 1) if isinstance(head, NextToken) else outputs[-1]
        for layer in after:
            hidden = layer(hidden, training=False)
        losses = head.loss(batch.targets, hidden)
        loss = tf.reduce_sum(losses if losses.shape.rank == 1 else tf.reduce_mean(losses, 1))
    gradients = tape.gradient(loss, steps, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return np.stack([np.linalg.norm(np.concatenate(parts, -1).astype(np.float64), axis=-1) for parts in gradients], 1)


def _sizes(cell: Any) -> list[int]:
    return list(cell.state_size) if isinstance(cell.state_size, list | tuple) else [cell.state_size]
