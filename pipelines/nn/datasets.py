"""Examples on disk, the order in which they are read, and the `tf.data` pipelines that read them batch by batch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines import artifacts
from pipelines.contract import SPLITS, Array, Batch, Dataset, Indices, ManyInputs
from pipelines.nn.vocabulary import BEGIN, END, PADDING

if TYPE_CHECKING:
    import tensorflow as tf

WINDOW, TOKENS = "window", "tokens"
"""Names of network inputs: (batch, time, features) numbers, (batch, time) tokens."""
SOURCE, DECODER_INPUT = "source", "decoder_input"
"""Names of the inputs of an encoder–decoder: (batch, steps) tokens, (batch, time) tokens that begin with `BEGIN`."""
FORECAST, NEXT, LABEL = "forecast", "next", "label"
"""Names of targets: (batch, outputs) numbers, (batch, time) tokens, (batch,) classes."""
LABELS, SYMBOLS, FRAMES = "labels", "symbols", "frames"
"""Names of targets without alignment: (batch, length) symbols, and how many of them and of the output's frames there are, (batch,)."""
SCORING_STREAMS = 16
"""Parallel streams in which a split of consecutive examples is scored; the state is carried within each."""


@dataclass(frozen=True)
class Windows:
    """Sliding windows over one long table, cut when a batch is asked for.

    `features` is (time, features) float32 and `targets` (time, outputs) float32, both memory-mapped. An example is
    named by its origin, the last step the network may see: inputs are `features[origin - lookback + 1 : origin + 1]`,
    targets are `targets[origin]`.
    """

    features: NDArray[np.float32]
    targets: NDArray[np.float32]
    origins: Indices
    lookback: int
    streams: bool = False
    variants: int = 1
    lengths: None = None

    def __len__(self) -> int:
        return len(self.origins)

    def batch(self, indices: Indices) -> Batch:
        """`window` (batch, lookback, features) and `forecast` (batch, outputs), float32."""
        origins = self.origins[indices]
        steps = origins[:, None] + np.arange(1 - self.lookback, 1)
        return Batch({WINDOW: np.asarray(self.features[steps])}, {FORECAST: np.asarray(self.targets[origins])})

    @classmethod
    def open(cls, folder: Path, lookback: int) -> dict[str, "Windows"]:
        """The splits that `save` wrote to `folder`."""
        features, targets = (artifacts.read_array(folder / f"{name}.npy") for name in ("features", "targets"))
        origins = {split: np.asarray(artifacts.read_array(folder / f"{split}.npy")) for split in SPLITS}
        return {split: cls(features, targets, origins[split], lookback) for split in SPLITS}

    @staticmethod
    def save(folder: Path, features: Array, targets: Array, origins: dict[str, Indices]) -> None:
        """Write a table and its splits as `.npy` files, which can be memory-mapped."""
        artifacts.write_array(folder / "features.npy", features.astype(np.float32))
        artifacts.write_array(folder / "targets.npy", targets.astype(np.float32))
        for split, rows in origins.items():
            artifacts.write_array(folder / f"{split}.npy", rows.astype(np.int64))


@dataclass(frozen=True)
class Tokens:
    """One long sequence of tokens, cut into consecutive windows without overlap.

    The targets of a window are its tokens shifted by one: the next token at every step.
    """

    tokens: Array
    window: int
    streams: bool = True
    variants: int = 1
    lengths: None = None

    def __len__(self) -> int:
        return (len(self.tokens) - 1) // self.window

    def batch(self, indices: Indices) -> Batch:
        """`tokens` and `next` (batch, window), int32."""
        steps = indices[:, None] * self.window + np.arange(self.window + 1)
        cut = np.asarray(self.tokens[steps], np.int32)
        return Batch({TOKENS: cut[:, :-1]}, {NEXT: cut[:, 1:]})


@dataclass(frozen=True)
class Pairs:
    """Pairs of a source and a target sequence of tokens, of any length."""

    sources: Sequence[Array]
    targets: Sequence[Array]
    streams: bool = False
    variants: int = 1

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def lengths(self) -> Indices:
        """Of source and target together: pairs alike in both make a batch."""
        return np.array([len(source) + len(target) for source, target in zip(self.sources, self.targets, strict=True)])

    def batch(self, indices: Indices) -> Batch:
        """`source` (batch, steps), `decoder_input` and `next` (batch, time), the target shifted by one step; weights 0 at padding."""
        sources, targets = ([rows[index] for index in indices] for rows in (self.sources, self.targets))
        following = padded([np.append(row, END) for row in targets])
        before = padded([np.append(BEGIN, row) for row in targets])
        inputs = {SOURCE: padded(sources), DECODER_INPUT: before}
        return Batch(inputs, {NEXT: following}, (following != PADDING).astype(np.float32))


# Padding


def padded(rows: Sequence[Sequence[int] | Array], sizes: Sequence[int] = ()) -> NDArray[np.int32]:
    """Sequences of tokens as one array (sequences, time), padded on the right to one of few lengths: each length is compiled.

    The length is the first of `sizes`, which ascend, that is long enough; or of 4, 6, 8, 12, …
    """
    longest = max(map(len, rows))
    result = np.full(
        (len(rows), next((size for size in sizes if size >= longest), padded_length(longest))), PADDING, np.int32
    )
    for row, tokens in zip(result, rows, strict=True):
        row[: len(tokens)] = tokens
    return result


def padded_length(length: int) -> int:
    """The next of 4, 6, 8, 12, 16, 24, 32, …"""
    size = 4
    while size < length:
        size = size * 3 // 2 if size & (size - 1) == 0 else size * 4 // 3
    return size


def even_sizes(lengths: Indices, count: int) -> list[int]:
    """At most `count` lengths to pad to, between which the steps of all sequences are shared out evenly; the last is the longest."""
    ordered = np.sort(lengths)
    steps = ordered.cumsum()
    shares = steps[-1] * np.arange(1, count + 1) / count
    return np.unique(ordered[np.searchsorted(steps, shares)]).tolist()


# Inputs


def for_network(dataset: Any, network: Any) -> Any:
    """The dataset with the inputs that the network has."""
    return dataset.reading(list(network.input)) if isinstance(dataset, ManyInputs) else dataset


# Orders


def stream_order(examples: int, streams: int) -> Indices:
    """`examples` as `streams` to be read in parallel, in order: (steps, streams) indices.

    Row b of one batch continues row b of the batch before. The last `examples % streams` are left out.
    """
    steps = examples // streams
    return np.arange(streams)[None, :] * steps + np.arange(steps)[:, None]


def scoring_order(dataset: Dataset) -> Indices:
    """(steps, streams): the order in which consecutive examples are scored, a batch a row."""
    return stream_order(len(dataset), SCORING_STREAMS)


def in_order(dataset: Dataset, batch_size: int) -> Iterator[Indices]:
    """Batches of all examples once: in their order, or from the shortest to the longest where lengths differ."""
    order = np.arange(len(dataset)) if dataset.lengths is None else np.argsort(dataset.lengths, kind="stable")
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def shuffled(dataset: Dataset, batch_size: int, seed: int, epoch: int) -> list[Indices]:
    """Batches of one variant of all examples in an order that `seed` and `epoch` alone determine.

    So a resumed training sees the same batches as one that was never interrupted. All batches are full, since another size would
    have to be compiled: the last is filled up with examples of the first. Where lengths differ, examples of similar lengths make a batch.
    """
    import tensorflow as tf

    examples = len(dataset) // dataset.variants
    size = min(batch_size, examples)
    first = epoch % dataset.variants * examples
    order = tf.random.experimental.stateless_shuffle(
        tf.range(first, first + examples, dtype=tf.int64), seed=tf.constant([seed, epoch], tf.int64)
    ).numpy()
    steps = -(-examples // size)
    if dataset.lengths is None:
        return list(np.resize(order, steps * size).reshape(steps, size))
    order = order[np.argsort(dataset.lengths[order], kind="stable")]
    batches = [order[min(start, examples - size) :][:size] for start in range(0, examples, size)]
    return [batches[step] for step in np.random.default_rng([seed, epoch]).permutation(steps)]


def evenly_spaced(dataset: Dataset, examples: int) -> Batch:
    """`examples` examples spread evenly over the split."""
    return dataset.batch(spread(len(dataset), examples))


def spread(count: int, chosen: int) -> Indices:
    """At most `chosen` of `count` rows, spread evenly from the first to the last."""
    return np.unique(np.linspace(0, count - 1, chosen).astype(np.int64))


# tf.data


def endless(dataset: Dataset, order: Callable[[int], Sequence[Indices]], first_epoch: int) -> "tf.data.Dataset":
    """The batches that `order` gives for every epoch from `first_epoch` on, without end; as many in each epoch."""
    import tensorflow as tf

    epoch = lru_cache(maxsize=1)(order)
    steps = len(epoch(first_epoch))

    def indices(step: int) -> Indices:
        return epoch(first_epoch + step // steps)[step % steps]

    return _read(dataset, tf.data.Dataset.counter(), indices)


def once(dataset: Dataset, order: Sequence[Indices]) -> "tf.data.Dataset":
    """The batches of `order`."""
    import tensorflow as tf

    return _read(dataset, tf.data.Dataset.range(len(order)), order.__getitem__)


def _read(dataset: Dataset, steps: "tf.data.Dataset", indices: Callable[[int], Indices]) -> "tf.data.Dataset":
    """(inputs, targets[, weights]) of the batch that `indices` names for each of `steps`, read ahead of the training step.

    Not by `Dataset.from_generator`: it makes the C library return freed memory to the system at once, as if
    `pipelines.nn.hardware.keep_memory` had not been called, and an epoch of a GRU of 296 units takes twice as long.
    """
    import tensorflow as tf

    def parts(batch: Batch) -> tuple[Any, ...]:
        return (batch.inputs, batch.targets) if batch.weights is None else (batch.inputs, batch.targets, batch.weights)

    def spec(array: Array) -> tf.TensorSpec:
        steps = array.shape[1:2] if dataset.lengths is None else (None,) * (array.ndim > 1)
        return tf.TensorSpec((None, *steps, *array.shape[2:]), array.dtype)

    signature = tf.nest.map_structure(spec, parts(dataset.batch(np.arange(1))))
    specs = tf.nest.flatten(signature)

    def read(step: tf.Tensor) -> Any:
        def arrays(step: np.int64) -> list[Array]:
            return tf.nest.flatten(parts(dataset.batch(indices(int(step)))))

        values = tf.numpy_function(arrays, [step], [spec.dtype for spec in specs], stateful=False)
        shaped = [tf.ensure_shape(value, spec.shape) for value, spec in zip(values, specs, strict=True)]
        return tf.nest.pack_sequence_as(signature, shaped)

    # There is nothing to tune, and the end of a fit would wait for the tuner's next step.
    options = tf.data.Options()
    options.autotune.enabled = False
    return steps.map(read).prefetch(2).with_options(options)
