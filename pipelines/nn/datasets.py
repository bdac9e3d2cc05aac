"""Examples on disk, and the `tf.data` pipelines that read them batch by batch."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import tensorflow as tf

Batch = tuple[NDArray[Any], NDArray[Any]]


class Examples(Protocol):
    """A split: examples with random access, of which only the batch asked for is in memory."""

    def __len__(self) -> int: ...

    def batch(self, indices: NDArray[np.int64]) -> Batch:
        """Inputs and targets of the examples at `indices`, each with a leading batch axis."""


@dataclass(frozen=True)
class Windows:
    """Sliding windows over one long table, cut when a batch is asked for.

    `features` is (time, features) float32 and `targets` (time, outputs) float32, both memory-mapped. An example is
    named by its origin, the last step the network may see: inputs are `features[origin - lookback + 1 : origin + 1]`,
    targets are `targets[origin]`.
    """

    features: NDArray[np.float32]
    targets: NDArray[np.float32]
    origins: NDArray[np.int64]
    lookback: int

    def __len__(self) -> int:
        return len(self.origins)

    def batch(self, indices: NDArray[np.int64]) -> Batch:
        """Inputs (batch, lookback, features) and targets (batch, outputs), float32."""
        origins = self.origins[indices]
        steps = origins[:, None] + np.arange(1 - self.lookback, 1)
        return np.asarray(self.features[steps]), np.asarray(self.targets[origins])

    @classmethod
    def open(cls, folder: Path, lookback: int) -> dict[str, "Windows"]:
        """The splits that `save` wrote to `folder`."""
        features = np.load(folder / "features.npy", mmap_mode="r")
        targets = np.load(folder / "targets.npy", mmap_mode="r")
        return {
            split: cls(features, targets, np.load(folder / f"{split}.npy"), lookback)
            for split in ("train", "valid", "test")
        }

    @staticmethod
    def save(
        folder: Path,
        features: NDArray[np.float32],
        targets: NDArray[np.float32],
        origins: dict[str, NDArray[np.int64]],
    ) -> None:
        """Write a table and its splits as `.npy` files, which can be memory-mapped."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "features.npy", features.astype(np.float32))
        np.save(folder / "targets.npy", targets.astype(np.float32))
        for split, rows in origins.items():
            np.save(folder / f"{split}.npy", rows.astype(np.int64))


@dataclass(frozen=True)
class Tokens:
    """One long row of tokens, cut into windows that follow each other without overlap.

    The targets of a window are its tokens moved by one: what comes next, at every step.
    """

    tokens: NDArray[Any]
    window: int

    def __len__(self) -> int:
        return (len(self.tokens) - 1) // self.window

    def batch(self, indices: NDArray[np.int64]) -> Batch:
        """Inputs and targets (batch, window), int32."""
        steps = indices[:, None] * self.window + np.arange(self.window + 1)
        cut = np.asarray(self.tokens[steps], np.int32)
        return cut[:, :-1], cut[:, 1:]


def streams(count: int, batch_size: int) -> NDArray[np.int64]:
    """`count` windows as `batch_size` streams to be read side by side, in order: (steps, batch_size) indices.

    Row b of one batch goes on where row b of the batch before ended. The last `count % batch_size` windows are left out.
    """
    steps = count // batch_size
    return np.arange(batch_size)[None, :] * steps + np.arange(steps)[:, None]


def in_order(examples: Examples, batch_size: int) -> Iterator[Batch]:
    """Batches of all examples in their order."""
    for start in range(0, len(examples), batch_size):
        yield examples.batch(np.arange(start, min(start + batch_size, len(examples))))


def spread(examples: Examples, count: int) -> NDArray[Any]:
    """Inputs of `count` examples spread evenly over the split."""
    indices = np.unique(np.linspace(0, len(examples) - 1, count).astype(np.int64))
    return examples.batch(indices)[0]


def shuffled(examples: Examples, batch_size: int, steps: int, seed: int, first_epoch: int) -> "tf.data.Dataset":
    """An endless dataset of training batches, `steps` an epoch, beginning with epoch `first_epoch`.

    The order of an epoch depends on `seed` and the epoch's number alone, so that a resumed training sees the same
    batches as one that was never interrupted.
    """
    import tensorflow as tf

    count = len(examples)

    def order(epoch: "tf.Tensor") -> "tf.data.Dataset":
        indices = tf.range(count, dtype=tf.int64)
        indices = tf.random.experimental.stateless_shuffle(indices, seed=tf.stack([seed, epoch]))
        return tf.data.Dataset.from_tensor_slices(indices).batch(batch_size).take(steps)

    epochs = tf.data.Dataset.counter(start=first_epoch, step=1, dtype=tf.int64)
    return _read(epochs.flat_map(order), examples)


def streamed(examples: Examples, batch_size: int, steps: int | None = None) -> "tf.data.Dataset":
    """All batches of `streams` once; or, endlessly, the first `steps` of them every epoch."""
    import tensorflow as tf

    indices = tf.data.Dataset.from_tensor_slices(streams(len(examples), batch_size))
    return _read(indices.take(steps).repeat() if steps else indices, examples)


def ordered(examples: Examples, batch_size: int) -> "tf.data.Dataset":
    """A dataset of all examples in their order, once."""
    import tensorflow as tf

    return _read(tf.data.Dataset.range(len(examples)).batch(batch_size), examples)


def _read(indices: "tf.data.Dataset", examples: Examples) -> "tf.data.Dataset":
    """Replace each batch of indices by the examples that it names, read ahead of the training step."""
    import tensorflow as tf

    inputs, targets = examples.batch(np.zeros(1, np.int64))
    kinds = (tf.as_dtype(inputs.dtype), tf.as_dtype(targets.dtype))

    def load(batch: "tf.Tensor") -> "tuple[tf.Tensor, tf.Tensor]":
        x, y = tf.numpy_function(examples.batch, [batch], kinds, stateful=False)
        return tf.ensure_shape(x, (None, *inputs.shape[1:])), tf.ensure_shape(y, (None, *targets.shape[1:]))

    return indices.map(load).prefetch(2)
