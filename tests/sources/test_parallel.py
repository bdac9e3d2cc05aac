"""In parallel or one by one: the same results in the same order."""

import pytest

from pipelines.sources import parallel


@pytest.mark.parametrize("count", [3, parallel.ENOUGH + 5])
def test_parallel_map_gives_results_in_the_order_of_the_jobs(count: int) -> None:
    assert list(parallel.parallel_map(abs, range(-count, 0), "counting")) == list(range(count, 0, -1))


def test_parallel_map_raises_the_error_of_a_job() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(parallel.parallel_map(int, ["1"] * parallel.ENOUGH + ["one"], "reading"))
