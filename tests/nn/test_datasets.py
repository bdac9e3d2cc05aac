import platform
import subprocess
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from pipelines.contract import Batch
from pipelines.nn import datasets
from pipelines.nn.datasets import Tokens, Windows
from pipelines.nn.vocabulary import PADDING


@pytest.fixture
def windows(tmp_path: Path) -> dict[str, Windows]:
    steps = np.arange(20, dtype=np.float32)
    origins = {"train": np.arange(2, 10), "valid": np.arange(11, 14), "test": np.arange(15, 18)}
    Windows.save(tmp_path, np.stack([steps, -steps], 1), steps[:, None] * 10, origins)
    return Windows.open(tmp_path, lookback=3)


def test_windows_end_at_their_origin(windows: dict[str, Windows]) -> None:
    batch = windows["valid"].batch(np.array([0, 2]))
    assert batch.inputs["window"][:, :, 0].tolist() == [[9, 10, 11], [11, 12, 13]]
    assert batch.targets["forecast"].tolist() == [[110], [130]]


def test_windows_are_read_from_disk(windows: dict[str, Windows]) -> None:
    assert isinstance(windows["valid"].features, np.memmap)


def epochs(windows: Windows, seed: int, first_epoch: int, count: int) -> list[list[float]]:
    def order(epoch: int) -> list[np.ndarray]:
        return datasets.shuffled(windows, 3, seed, epoch)

    steps = -(-len(windows) // 3)
    batches = list(islice(datasets.endless(windows, order, first_epoch), steps * count))
    return [
        [float(y) for _, targets in batches[e * steps : (e + 1) * steps] for y in targets["forecast"].numpy().ravel()]
        for e in range(count)
    ]


def test_shuffled_epochs_hold_every_example_in_different_orders(windows: dict[str, Windows]) -> None:
    first, second = epochs(windows["train"], seed=1, first_epoch=0, count=2)
    assert first[8:] == first[:1]  # the last batch is filled up
    assert sorted(first[:8]) == sorted(second[:8]) == [10.0 * t for t in range(2, 10)]
    assert first != second


def test_shuffled_order_depends_only_on_seed_and_epoch(windows: dict[str, Windows]) -> None:
    from_start = epochs(windows["train"], seed=1, first_epoch=0, count=3)
    assert epochs(windows["train"], seed=1, first_epoch=2, count=1) == from_start[2:]
    assert epochs(windows["train"], seed=2, first_epoch=2, count=1) != from_start[2:]


def test_in_order_covers_the_split(windows: dict[str, Windows]) -> None:
    order = list(datasets.in_order(windows["train"], 3))
    assert np.concatenate(order).tolist() == list(range(8))
    read = [targets["forecast"].numpy() for _, targets in datasets.once(windows["train"], order)]
    assert np.concatenate(read).ravel().tolist() == [10.0 * t for t in range(2, 10)]


PAGES_FETCHED = """
import ctypes, resource
from pipelines.nn import hardware
hardware.set_up()
import numpy as np
from pipelines.nn import datasets
tokens = datasets.Tokens(np.arange(13), window=4)
list(datasets.once(tokens, list(datasets.in_order(tokens, 2))))
next(iter(datasets.endless(tokens, lambda epoch: list(datasets.in_order(tokens, 2)), 0)))
library = ctypes.CDLL(None)
library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
library.free.argtypes = [ctypes.c_void_p]
size = 24 << 20
for _ in range(11):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    block = library.malloc(size)
    ctypes.memset(block, 1, size)
    library.free(block)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * resource.getpagesize() / size)
"""
"""Prints the share of a large block that the system had to provide, of blocks allocated and freed one after the other."""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library returns memory by other rules")
def test_reading_batches_lets_the_c_library_reuse_freed_memory() -> None:
    # In a process of its own: TensorFlow changes this setting once in a process, if at all.
    run = subprocess.run([sys.executable, "-c", PAGES_FETCHED], capture_output=True, text=True, check=True)
    assert sum(float(share) for share in run.stdout.split()[1:]) < 1


def test_tokens_targets_are_the_next_tokens() -> None:
    row = Tokens(np.arange(14), window=4)
    assert len(row) == 3
    batch = row.batch(np.array([0, 2]))
    assert batch.inputs["tokens"].tolist() == [[0, 1, 2, 3], [8, 9, 10, 11]]
    assert batch.targets["next"].tolist() == [[1, 2, 3, 4], [9, 10, 11, 12]]


def test_stream_order_continues_where_the_previous_batch_ended() -> None:
    row = Tokens(np.arange(4 * 7 + 1), window=4)
    order = list(datasets.stream_order(len(row), 3))
    batches = [inputs["tokens"].numpy() for inputs, _ in datasets.once(row, order)]
    streams = np.concatenate(batches, axis=1)
    assert streams.tolist() == [list(range(start, start + 8)) for start in (0, 8, 16)]


def test_shuffled_reads_one_variant_per_epoch() -> None:
    row = Tokens(np.arange(4 * 12 + 1), window=4, variants=3)
    first, second, third, again = (
        sorted(int(index[0]) for index in datasets.shuffled(row, 1, seed=1, epoch=epoch)) for epoch in range(4)
    )
    assert [first, second, third] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert again == first


# Different lengths


@dataclass(frozen=True)
class Rows:
    """Padded rows of tokens, which are also the targets."""

    rows: list[list[int]]
    streams: bool = False
    variants: int = 1

    @property
    def lengths(self) -> np.ndarray:
        return np.array([len(row) for row in self.rows])

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, indices: np.ndarray) -> Batch:
        tokens = datasets.padded([np.array(self.rows[index]) for index in indices])
        return Batch({"tokens": tokens}, {"next": tokens}, np.not_equal(tokens, PADDING).astype(np.float32))


@pytest.fixture
def rows(random: np.random.Generator) -> Rows:
    return Rows([[index + 1] * int(length) for index, length in enumerate(random.integers(1, 40, 50))])


def test_shuffled_batches_hold_examples_of_similar_lengths(rows: Rows) -> None:
    batches = datasets.shuffled(rows, 8, seed=1, epoch=0)
    assert [len(batch) for batch in batches] == [8] * 7
    assert set(np.concatenate(batches).tolist()) == set(range(50))
    spread = [np.ptp(rows.lengths[batch]) for batch in batches]
    assert max(spread) < 15
    assert [rows.lengths[batch].max() for batch in batches] != sorted(rows.lengths[batch].max() for batch in batches)
    other = datasets.shuffled(rows, 8, seed=1, epoch=1)
    assert np.concatenate(batches).tolist() != np.concatenate(other).tolist()


def test_padded_batches_have_few_different_lengths(rows: Rows) -> None:
    batches = datasets.once(rows, list(datasets.in_order(rows, 8)))
    assert {inputs["tokens"].shape[1] for inputs, _, _ in batches} <= {4, 6, 8, 12, 16, 24, 32, 48}


def test_padded_batches_have_zero_weight_at_padding(rows: Rows) -> None:
    order = list(datasets.in_order(rows, 8))
    for (_, targets, weights), indices in zip(datasets.once(rows, order), order, strict=True):
        assert weights.numpy().sum(1).tolist() == rows.lengths[indices].tolist()
        assert ((targets["next"].numpy() == 0) == (weights.numpy() == 0)).all()


@pytest.mark.parametrize(("length", "size"), [(1, 4), (4, 4), (5, 6), (7, 8), (9, 12), (13, 16), (17, 24), (33, 48)])
def test_padded_length_rounds_up_to_a_few_sizes(length: int, size: int) -> None:
    assert datasets.padded_length(length) == size


def test_padded_takes_the_first_size_that_is_long_enough() -> None:
    rows = [[5, 6, 7], [5]]
    assert datasets.padded(rows, [2, 5, 9]).tolist() == [[5, 6, 7, PADDING, PADDING], [5] + [PADDING] * 4]
    assert datasets.padded([[5] * 10], [2, 5, 9]).shape == (1, 12)  # as without sizes
    assert datasets.padded(rows).shape == (2, 4)


def test_even_sizes_share_out_the_steps_and_end_with_the_longest() -> None:
    lengths = np.array([1] * 100 + [10] * 10 + [50, 50])
    assert datasets.even_sizes(lengths, 3) == [1, 10, 50]
    assert datasets.even_sizes(lengths, 1) == [50]
    assert datasets.even_sizes(np.array([4, 4]), 6) == [4]
