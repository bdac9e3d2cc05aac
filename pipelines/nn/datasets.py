"""Examples on disk, and the `tf.data` pipelines that read them batch by batch."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.sources import rolls
from pipelines.sources.midi import KEYS

if TYPE_CHECKING:
    import tensorflow as tf

SLOW, STEADY, FAST = 1, 2, 4
"""Half frames of a roll that pass in a frame: half, full and double speed."""
PADDING = -1.0
"""Target of frames that only fill an example up; neither loss nor metric counts them."""
Batch = tuple[NDArray[Any], NDArray[Any]]


class Examples(Protocol):
    """A split: examples with random access, of which only the batch asked for is in memory."""

    @property
    def parts(self) -> int:
        """Training reads one part an epoch, the next one in the next: so data may be there in several variants, one a part."""

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
    parts: int = 1

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
    parts: int = 1

    def __len__(self) -> int:
        return (len(self.tokens) - 1) // self.window

    def batch(self, indices: NDArray[np.int64]) -> Batch:
        """Inputs and targets (batch, window), int32."""
        steps = indices[:, None] * self.window + np.arange(self.window + 1)
        cut = np.asarray(self.tokens[steps], np.int32)
        return cut[:, :-1], cut[:, 1:]


@dataclass(frozen=True)
class Rolls:
    """Stretches of piano rolls in whatever key; the target of every frame is which keys sound in it.

    A frame is seen as the keys that sounded in the one before and the piece's style; with `ahead`, also as how many keys sound in it,
    the melody in it and the `ahead` frames after it, and as the frame itself, of which an output may only use the keys above its own.
    """

    roll: rolls.Roll
    """(frames, 88), all pieces one after the other, memory-mapped."""
    table: dict[str, NDArray[np.int64]]
    """Of each example: its frames from `begin` to `end`, those of its piece from `first` to `last`, its `style`, the `shift` in keys,
    the `pace` at which it is read (`SLOW`, `STEADY` or `FAST`), and the `new_style` and `new_pace` into which it may be moved."""
    window: int
    styles: int
    ahead: int | None = None
    parts: int = 1
    manners: tuple[rolls.Manner, ...] = ()
    """Of every style, into which pieces may be moved."""

    def __len__(self) -> int:
        return len(self.table["begin"])

    def lengths(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Frames of each example that are no padding."""
        rows = {name: self.table[name][indices] for name in ("begin", "end", "pace")}
        return np.minimum(-((rows["begin"] - rows["end"]) * 2 // rows["pace"]), self.window)

    def moved(self) -> "Rolls":
        """The same examples, to be read in their new style and at its pace."""
        return replace(self, table={**self.table, "style": self.table["new_style"], "pace": self.table["new_pace"]})

    def cells(self, indices: NDArray[np.int64], ahead: int = 0) -> rolls.Roll:
        """One frame before each example, its `window`, and `ahead` frames after that: (batch, 1 + window + ahead, 88)."""
        rows = {name: column[indices, None] for name, column in self.table.items()}
        steps = rows["begin"] + np.arange(-1, self.window + ahead) * rows["pace"] // 2
        found = self._at(steps, rows)
        fast, slow = rows["pace"] == FAST, (rows["pace"] == SLOW) & (np.arange(-1, self.window + ahead) % 2 == 1)
        if fast.any():  # a key struck in the frame that is passed over is struck in this one
            passed_over = fast[..., None] & (found > 0) & (self._at(steps - 1, rows) == rolls.STRUCK)
            found = np.where(passed_over, rolls.STRUCK, found)
        if slow.any():  # the same frame once more: nothing is struck again
            found = np.where(slow[..., None], np.minimum(found, rolls.SOUNDING), found)
        keys = np.arange(KEYS) - rows["shift"]
        there = (keys >= 0) & (keys < KEYS)
        return np.take_along_axis(found, np.clip(keys, 0, KEYS - 1)[:, None], 2) * there[:, None]

    def _at(self, steps: NDArray[np.int64], rows: dict[str, NDArray[np.int64]]) -> rolls.Roll:
        """Frames of the roll, silent outside the piece."""
        inside = (steps >= rows["first"]) & (steps < rows["last"])
        return self.roll[np.clip(steps, 0, len(self.roll) - 1)] * inside[..., None]

    def batch(self, indices: NDArray[np.int64]) -> Batch:
        """Inputs (batch, window, features) and targets (batch, window, 88), float32; the targets of padding are −1."""
        cells = self.cells(indices, self.ahead or 0)
        padding = np.arange(self.window)[None, :, None] >= self.lengths(indices)[:, None, None]
        targets = np.where(padding, PADDING, cells[:, 1 : self.window + 1] > 0)
        return self.seen(cells, self.table["style"][indices]), targets.astype(np.float32)

    def seen(
        self, cells: rolls.Roll, style: NDArray[np.int64], voices: NDArray[np.int64] | None = None
    ) -> NDArray[np.float32]:
        """What a network sees of `cells` (batch, 1 + window + ahead, 88), were they in `style` (batch,).

        `voices` (batch, window): how many keys are to sound, if not as many as do.
        """
        window = cells.shape[1] - 1 - (self.ahead or 0)
        chosen = (style[:, None] == np.arange(self.styles))[:, None].repeat(window, axis=1)
        parts: list[NDArray[Any]] = [cells[:, :window] > 0, chosen]
        if self.ahead is not None:
            now = cells[:, 1 : window + 1]
            count = rolls.voices(now) if voices is None else voices
            melody = rolls.melody_features(cells[:, 1:], self.ahead)
            parts += [count[..., None] == np.arange(rolls.VOICES), melody[:, :window], now > 0]
        return np.concatenate(parts, axis=-1, dtype=np.float32, casting="unsafe")


def bits_of(examples: Tokens, side_by_side: int, outputs: Iterable[NDArray[np.float32]]) -> tuple[NDArray[Any], ...]:
    """Bits of every token of a split, and whether it was the likeliest: (windows, window) each, in order.

    `outputs` are the logits (side_by_side, window, vocabulary) of the batches of `streams`.
    """
    bits, hits = [], []
    for indices, logits in zip(streams(len(examples), side_by_side), outputs, strict=True):
        targets = examples.batch(indices)[1][..., None]
        shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
        log_sum = np.log(np.exp(shifted).sum(-1))
        bits.append((log_sum - np.take_along_axis(shifted, targets, -1)[..., 0]) / np.log(2))
        hits.append(logits.argmax(-1) == targets[..., 0])
    return tuple(np.stack(part, axis=1).reshape(-1, examples.window) for part in (bits, hits))


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
    batches as one that was never interrupted. The last batch of an epoch is filled up with its first examples: batches of
    another size would need other kernels.
    """
    import tensorflow as tf

    count = len(examples) // examples.parts
    size = min(batch_size, count)

    def order(epoch: "tf.Tensor") -> "tf.data.Dataset":
        indices = tf.range(count, dtype=tf.int64) + epoch % examples.parts * count
        indices = tf.random.experimental.stateless_shuffle(indices, seed=tf.stack([seed, epoch]))
        return tf.data.Dataset.from_tensor_slices(indices).repeat().batch(size).take(steps)

    epochs = tf.data.Dataset.counter(start=first_epoch, step=1, dtype=tf.int64)
    return _read(epochs.flat_map(order), examples)


def streamed(examples: Examples, batch_size: int, steps: int | None = None, first_epoch: int = 0) -> "tf.data.Dataset":
    """All batches of `streams` once; or, with `steps`, endlessly so many of them every epoch, of one part after the other."""
    import tensorflow as tf

    order = streams(len(examples), batch_size)
    if steps is None:
        return _read(tf.data.Dataset.from_tensor_slices(order), examples)
    part = len(order) // examples.parts
    kept = np.concatenate([order[number * part : number * part + steps] for number in range(examples.parts)])
    begun = np.roll(kept, -steps * (first_epoch % examples.parts), axis=0)
    return _read(tf.data.Dataset.from_tensor_slices(begun).repeat(), examples)


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

    # Nothing is left to be tuned, and the end of a fit would wait for the tuner's next turn.
    options = tf.data.Options()
    options.autotune.enabled = False
    return indices.map(load).prefetch(2).with_options(options)
