"""Fits every seed of a model: early stopping, history, checkpoints from which a killed training resumes.

Everything random in an epoch (order of batches, dropout) is a function of the seed and the epoch's number, and
everything that steers it (learning rate, patience) a function of the history. So a training that was interrupted
and resumed ends with the same weights as one that was not.
"""

import json
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from math import cos, inf, isfinite, pi
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from pipelines import artifacts, progress
from pipelines.contract import Dataset, Indices
from pipelines.errors import DamagedError, MissingStageError, TrainingError
from pipelines.nn import compiled_loop, datasets, layers, loop_choice
from pipelines.nn.heads import Head
from pipelines.params.blocks import Train

VALIDATION_BATCH = 512
VALIDATION_STREAMS = 32
"""Parallel streams in which the validation part is read where the state is carried; each starts from zero states."""
LONGEST_CALL = 1000
"""Steps that TensorFlow does in one call, at most: Python handles an interrupt only between two calls."""


@dataclass(frozen=True)
class Epoch:
    """One row of the history."""

    epoch: int
    loss: float
    valid_loss: float
    gradient_norm: float
    """Mean global norm over the epoch's steps, before clipping."""
    largest_gradient: float
    """The largest of these norms."""
    learning_rate: float
    seconds: float


@dataclass(frozen=True)
class FitResult:
    """One seed's result: the weights of its best epoch and all epochs."""

    weights: list[NDArray[np.float32]]
    history: list[Epoch]

    @property
    def best(self) -> Epoch:
        """The epoch whose weights were kept; if its loss is infinite, those before the first epoch were."""
        return min(self.history, key=lambda row: row.valid_loss)

    @property
    def diverged(self) -> bool:
        """Whether the loss was no longer finite in the last epoch."""
        return not isfinite(self.history[-1].valid_loss)


class Largest(keras.metrics.Metric):
    """The largest value of an epoch."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.largest = self.add_variable((), "zeros", name="largest")

    def update_state(self, value: tf.Tensor) -> None:
        """Take in one value."""
        self.largest.assign(ops.maximum(self.largest, ops.cast(value, self.largest.dtype)))

    def result(self) -> tf.Tensor:
        """The largest value so far."""
        return tf.identity(self.largest.value)  # the variable itself would be read after the next reset


class Trainer(keras.Model):
    """Trains `network` by the loss of `head`, and measures the norm of the gradient.

    `streams` is the number of rows of a batch, in training (True) and in validation (False): each row then continues with the final state
    of the same row of the batch before; errors are not propagated into that batch (truncated back-propagation through time, Williams &
    Peng 1990).
    """

    def __init__(self, network: keras.Model, head: Head, streams: dict[bool, int] | None = None) -> None:
        super().__init__(name=f"train_{network.name}")
        self.network, self.head = network, head
        self.loop = loop_choice.choose(network)
        self.mean_loss = keras.metrics.Mean(name="mean_loss")
        self.gradient_norm = keras.metrics.Mean(name="gradient_norm")
        self.largest_gradient = Largest("largest_gradient")
        kind = network.compute_dtype
        self.states = {
            training: [tf.Variable(tf.zeros((rows, size), kind)) for size in layers.state_sizes(network)]
            for training, rows in (streams or {}).items()
        }

    @tf.autograph.experimental.do_not_convert
    def call(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """The network's output."""
        # Validation has too few passes for a compilation to pay off.
        faster = compiled_loop.compiled(self.network, self.loop) if training else nullcontext()
        if not self.states:
            with faster:
                return self.network(inputs, training=training)
        before = self.states[training]
        with faster, layers.initial_states(self.network, [tf.identity(state) for state in before]) as final_states:
            outputs = self.network(inputs, training=training)
        for state, value in zip(before, final_states(), strict=True):
            state.assign(value)
        return outputs

    def reset_states(self, training: bool) -> None:
        """Set the states to zero."""
        for state in self.states.get(training, []):
            state.assign(tf.zeros_like(state))

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> tf.Tensor:
        """The mean of the head's losses over all that is not padding."""
        losses = (self.head.training_loss if training else self.head.loss)(y, y_pred)
        if sample_weight is None:
            return ops.divide_no_nan(ops.sum(losses), ops.cast(ops.size(losses), losses.dtype))
        weights = ops.cast(sample_weight, losses.dtype)
        return ops.divide_no_nan(ops.sum(losses * weights), ops.sum(weights))

    @tf.autograph.experimental.do_not_convert  # it contains no control flow to convert, and looking for some takes seconds
    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of back-propagation through time; clipping is the optimizer's."""
        inputs, targets, weights = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            outputs = self(inputs, training=True)
            loss = self.compute_loss(inputs, targets, outputs, weights)
            scaled = self.optimizer.scale_loss(loss)
        variables = self.network.trainable_variables
        gradients = tape.gradient(scaled, [variable.value for variable in variables])
        unscale = loss / scaled if scaled is not loss else 1.0
        norm = tf.linalg.global_norm(gradients) * unscale
        self.gradient_norm.update_state(norm)
        self.largest_gradient.update_state(norm)
        self.optimizer.apply(gradients, variables)
        self._count(loss, inputs, weights)
        return {metric.name: metric.result() for metric in self.metrics}

    @tf.autograph.experimental.do_not_convert
    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """The loss of a batch of validation."""
        inputs, targets, weights = keras.utils.unpack_x_y_sample_weight(data)
        outputs = self(inputs, training=False)
        self._count(self.compute_loss(inputs, targets, outputs, weights, training=False), inputs, weights)
        return {metric.name: metric.result() for metric in self.metrics}

    def _count(self, loss: tf.Tensor, inputs: dict[str, tf.Tensor], weights: tf.Tensor | None) -> None:
        """Average the loss over batches by how much each holds."""
        size = tf.shape(next(iter(inputs.values())))[0] if weights is None else tf.reduce_sum(weights)
        self.mean_loss.update_state(loss, sample_weight=size)


class Fitting:
    """Fits seed after seed of one network, tracing its training step only once."""

    def __init__(
        self, build: Callable[[], keras.Model], head: Head, options: Train, train: Dataset, valid: Dataset
    ) -> None:
        self.build, self.options = build, options
        self.network = build()
        train, valid = (datasets.for_network(part, self.network) for part in (train, valid))
        self.train = train
        examples = len(train) // train.variants
        if train.streams:
            streams = {True: _streams(options.batch_size, train), False: min(VALIDATION_STREAMS, len(valid))}
            steps = len(train) // streams[True] // train.variants
            order = list(datasets.stream_order(len(valid), streams[False]))
        else:
            streams = {}
            steps = -(-examples // min(options.batch_size, examples))
            order = list(datasets.in_order(valid, VALIDATION_BATCH))
        self.valid = datasets.once(valid, order)
        self.trainer = Trainer(self.network, head, streams)
        calls = -(-steps // LONGEST_CALL)
        self.steps = steps // calls * calls  # calls of one length: less than a batch in a thousand is left out
        on_gpu = bool(tf.config.list_physical_devices("GPU"))
        self.trainer.compile(
            optimizer=keras.optimizers.Adam(options.learning_rate, global_clipnorm=options.clip_norm),
            jit_compile=options.xla and on_gpu,
            steps_per_execution=self.steps // calls,  # TensorFlow waits for Python between two calls
        )
        if (
            not on_gpu
        ):  # Keras refuses it because of cuDNN and determinism: there is no cuDNN here, and results stay deterministic
            self.trainer.jit_compile = options.xla
        self.trainer.optimizer.build(self.network.trainable_variables)
        self.fresh_optimizer = [variable.numpy() for variable in self.trainer.optimizer.variables]

    def fit(self, seed: int, checkpoint: Path, what: str, on_epoch: Callable[[Epoch], None] | None = None) -> FitResult:
        """Fit `seed` from the start, or from `checkpoint` if that file exists and is not damaged.

        Raise `TrainingError`, naming `what`, when the loss is no longer finite and it may not diverge.
        """
        keras.utils.set_random_seed(seed)
        recorder = _Recorder(self, seed, checkpoint, what, on_epoch)
        if not recorder.restore():
            recorder.best_weights = self.build().get_weights()
            self.network.set_weights(recorder.best_weights)
            self._restore_optimizer(self.fresh_optimizer)
            self.trainer.optimizer.learning_rate = self.options.learning_rate
        done = len(recorder.history)
        if not self.finished(recorder.history):
            self.trainer.fit(
                self._batches(seed, done),
                validation_data=self.valid,
                initial_epoch=done,
                epochs=self.options.epochs,
                steps_per_epoch=self.steps,
                callbacks=[recorder],
                shuffle=False,  # the dataset is shuffled already
                verbose=0,
            )
        return FitResult(recorder.best_weights, recorder.history)

    def _batches(self, seed: int, first_epoch: int) -> tf.data.Dataset:
        streams, epochs = None, self.train.variants
        if self.train.streams:
            streams = datasets.stream_order(len(self.train), self.options.batch_size)
            per_epoch = len(streams) // epochs

        def order(epoch: int) -> list[Indices]:
            if streams is None:
                return datasets.shuffled(self.train, self.options.batch_size, seed, epoch)[: self.steps]
            first = epoch % epochs * per_epoch
            return list(streams[first : first + self.steps])

        return datasets.endless(self.train, order, first_epoch)

    def finished(self, history: list[Epoch]) -> bool:
        """Whether patience is exhausted, the loss low enough or no longer finite, or all epochs are done."""
        if not history:
            return False
        last = history[-1].valid_loss
        solved = self.options.stop_below is not None and last < self.options.stop_below
        done = len(history) >= self.options.epochs or _waited(history) >= self.options.patience
        return solved or done or not isfinite(last)

    def learning_rate(self, history: list[Epoch]) -> float:
        """The rate of the next epoch: along half a cosine, or halved after `plateau_patience` epochs without a better validation loss."""
        if self.options.schedule == "cosine":
            return self.options.learning_rate * 0.5 * (1 + cos(pi * len(history) / self.options.epochs))
        if not history:
            return self.options.learning_rate
        waited = _waited(history)
        plateau = waited > 0 and waited % self.options.plateau_patience == 0
        return history[-1].learning_rate * (0.5 if plateau else 1.0)

    def reseed(self, seed: int, epoch: int) -> None:
        """Set every random generator inside the network (dropout) to a state that `seed` and `epoch` determine."""
        generators = [v for v in self.network.variables if v.name == "seed_generator_state"]
        for index, state in enumerate(generators):
            state.assign(np.random.SeedSequence([seed, epoch, index]).generate_state(2))

    def _restore_optimizer(self, values: list[NDArray[Any]]) -> None:
        for variable, value in zip(self.trainer.optimizer.variables, values, strict=True):
            variable.assign(value)


def _streams(wanted: int, train: Dataset) -> int:
    """How many streams a batch has; raise `TrainingError` if there are fewer windows."""
    if len(train) < wanted:
        raise TrainingError(
            f"the training part has {len(train)} windows, too few for {wanted} streams side by side; lower train.batch_size "
            "or prepare.window, or set prepare.carry_state to false"
        )
    return wanted


def _waited(history: list[Epoch]) -> int:
    """Epochs since the best validation loss."""
    best = min(range(len(history)), key=lambda epoch: history[epoch].valid_loss, default=0)
    return max(0, len(history) - 1 - best)


class _Recorder(keras.callbacks.Callback):
    """Keeps the history and the best weights, and writes both with the optimizer's state after every epoch."""

    def __init__(
        self,
        fitting: Fitting,
        seed: int,
        checkpoint: Path,
        what: str,
        on_epoch: Callable[[Epoch], None] | None,
    ) -> None:
        super().__init__()
        self.fitting = fitting
        self.seed = seed
        self.checkpoint = checkpoint
        self.what = what
        self.on_epoch = on_epoch
        self.history: list[Epoch] = []
        self.best_weights: list[NDArray[np.float32]] = []
        self.started = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Fix the epoch's randomness and learning rate."""
        self.fitting.reseed(self.seed, epoch)
        self.fitting.trainer.optimizer.learning_rate = self.fitting.learning_rate(self.history)
        self.fitting.trainer.reset_states(training=True)
        self.started = time.perf_counter()

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Validation starts from zero states."""
        self.fitting.trainer.reset_states(training=False)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Record the epoch; stop when patience is exhausted."""
        logs = logs or {}
        row = Epoch(
            epoch=epoch,
            loss=float(logs["mean_loss"]),
            valid_loss=float(logs["val_mean_loss"]),
            gradient_norm=float(logs["gradient_norm"]),
            largest_gradient=float(logs["largest_gradient"]),
            learning_rate=self.fitting.learning_rate(self.history),
            seconds=time.perf_counter() - self.started,
        )
        if not (isfinite(row.loss) and isfinite(row.valid_loss)):
            if not self.fitting.options.may_diverge:
                raise TrainingError(
                    f"{self.what}: the loss is not finite in epoch {epoch + 1}; "
                    "lower train.learning_rate or train.clip_norm"
                )
            row = replace(row, valid_loss=inf)
        if row.valid_loss < min((earlier.valid_loss for earlier in self.history), default=inf):
            self.best_weights = self.fitting.network.get_weights()
        self.history.append(row)
        self._save()
        if self.on_epoch:
            self.on_epoch(row)
        if self.fitting.finished(self.history):
            self.fitting.trainer.stop_training = True

    def _save(self) -> None:
        state = {
            "history": np.array(json.dumps([asdict(row) for row in self.history])),
            **_numbered("weights", self.fitting.network.get_weights()),
            **_numbered("best", self.best_weights),
            **_numbered("optimizer", [v.numpy() for v in self.fitting.trainer.optimizer.variables]),
        }
        artifacts.write_arrays(self.checkpoint, state, compressed=False)

    def restore(self) -> bool:
        """Resume from the checkpoint; False if there is none, or it is damaged: then it is dropped, and the seed has to start again."""
        try:
            state = artifacts.read_arrays(self.checkpoint)
            with artifacts.reading(self.checkpoint):
                history = [Epoch(**row) for row in json.loads(str(state["history"]))]
                best_weights = _collected("best", state)
                self.fitting.network.set_weights(_collected("weights", state))
                self.fitting._restore_optimizer(_collected("optimizer", state))
        except MissingStageError:
            return False
        except DamagedError:
            progress.say(f"{self.what}: its checkpoint {self.checkpoint} is damaged and dropped; the seed starts again")
            self.checkpoint.unlink()
            return False
        self.history, self.best_weights = history, best_weights
        return True


def _numbered(name: str, arrays: list[NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {f"{name}/{index}": array for index, array in enumerate(arrays)}


def _collected(name: str, state: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    count = sum(key.startswith(f"{name}/") for key in state)
    return [state[f"{name}/{index}"] for index in range(count)]
