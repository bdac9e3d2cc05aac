from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from pipelines.nn import datasets
from pipelines.nn.datasets import Tokens, Windows


@pytest.fixture
def windows(tmp_path: Path) -> dict[str, Windows]:
    steps = np.arange(20, dtype=np.float32)
    origins = {"train": np.arange(2, 10), "valid": np.arange(11, 14), "test": np.arange(15, 18)}
    Windows.save(tmp_path, np.stack([steps, -steps], 1), steps[:, None] * 10, origins)
    return Windows.open(tmp_path, lookback=3)


def test_a_window_ends_at_its_origin_and_is_read_from_disk(windows: dict[str, Windows]) -> None:
    inputs, targets = windows["valid"].batch(np.array([0, 2]))
    assert inputs[:, :, 0].tolist() == [[9, 10, 11], [11, 12, 13]]
    assert targets.tolist() == [[110], [130]]
    assert isinstance(windows["valid"].features, np.memmap)


def epochs(windows: Windows, seed: int, first_epoch: int, count: int) -> list[list[float]]:
    steps = -(-len(windows) // 3)
    batches = list(islice(datasets.shuffled(windows, 3, steps, seed, first_epoch), steps * count))
    return [
        [float(y) for _, targets in batches[e * steps : (e + 1) * steps] for y in targets.numpy().ravel()]
        for e in range(count)
    ]


def test_an_epoch_holds_every_example_in_an_order_of_its_own_and_full_batches(windows: dict[str, Windows]) -> None:
    first, second = epochs(windows["train"], seed=1, first_epoch=0, count=2)
    assert first[8:] == first[:1]  # the last batch is filled up
    assert sorted(first[:8]) == sorted(second[:8]) == [10.0 * t for t in range(2, 10)]
    assert first != second


def test_an_epochs_order_depends_on_seed_and_number_alone(windows: dict[str, Windows]) -> None:
    from_start = epochs(windows["train"], seed=1, first_epoch=0, count=3)
    assert epochs(windows["train"], seed=1, first_epoch=2, count=1) == from_start[2:]
    assert epochs(windows["train"], seed=2, first_epoch=2, count=1) != from_start[2:]


def test_batches_in_order_cover_the_split(windows: dict[str, Windows]) -> None:
    read = np.concatenate([targets for _, targets in datasets.in_order(windows["train"], 3)])
    assert read.ravel().tolist() == [10.0 * t for t in range(2, 10)]
    assert sum(len(y) for _, y in datasets.ordered(windows["train"], 3)) == 8


def test_the_targets_of_tokens_are_the_next_ones() -> None:
    row = Tokens(np.arange(14), window=4)
    assert len(row) == 3
    inputs, targets = row.batch(np.array([0, 2]))
    assert inputs.tolist() == [[0, 1, 2, 3], [8, 9, 10, 11]]
    assert targets.tolist() == [[1, 2, 3, 4], [9, 10, 11, 12]]


def test_each_stream_goes_on_where_it_has_ended() -> None:
    row = Tokens(np.arange(4 * 7 + 1), window=4)
    batches = [inputs.numpy() for inputs, _ in datasets.streamed(row, 3)]
    streams = np.concatenate(batches, axis=1)
    assert streams.tolist() == [list(range(start, start + 8)) for start in (0, 8, 16)]
    twice = list(islice(datasets.streamed(row, 3, steps=2), 4))
    np.testing.assert_array_equal(twice[0][0], twice[2][0])


def test_an_epoch_may_be_cut_short_and_the_next_begins_at_the_beginning() -> None:
    row = Tokens(np.arange(4 * 7 + 1), window=4)
    streamed = list(islice(datasets.streamed(row, 2, steps=2), 3))
    np.testing.assert_array_equal(streamed[0][0], streamed[2][0])
    first, second, third = (
        [inputs.numpy() for inputs, _ in islice(datasets.shuffled(row, 2, 3, seed=1, first_epoch=epoch), 6)]
        for epoch in (0, 1, 2)
    )
    np.testing.assert_array_equal(first[3:], second[:3])
    np.testing.assert_array_equal(second[3:], third[:3])


def test_an_epoch_reads_one_part_and_the_next_one_another() -> None:
    row = Tokens(np.arange(4 * 12 + 1), window=4, parts=3)
    first, second, third, again = (
        sorted(
            int(inputs[0, 0]) // 4 for inputs, _ in islice(datasets.shuffled(row, 1, 4, seed=1, first_epoch=epoch), 4)
        )
        for epoch in range(4)
    )
    assert [first, second, third] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert again == first


def test_streams_go_on_through_the_parts_and_begin_where_an_epoch_does() -> None:
    row = Tokens(np.arange(4 * 12 + 1), window=4, parts=3)
    begun = [int(inputs[0, 0]) // 4 for inputs, _ in islice(datasets.streamed(row, 2, steps=2), 8)]
    assert begun == [0, 1, 2, 3, 4, 5, 0, 1]
    later = [int(inputs[0, 0]) // 4 for inputs, _ in islice(datasets.streamed(row, 2, steps=2, first_epoch=2), 4)]
    assert later == [4, 5, 0, 1]
