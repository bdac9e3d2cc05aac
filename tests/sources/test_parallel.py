"""In parallel or one by one: the same results in the same order."""

import subprocess
import sys
import time

import pytest

from pipelines import artifacts
from pipelines.sources import parallel
from tests.conftest import ROOT

WORKER = """
import multiprocessing, os, time
from pipelines.sources import parallel
def work():
    parallel._end_with_parent()
    print(os.getpid(), flush=True)
    time.sleep(60)
multiprocessing.get_context("fork").Process(target=work).start()
time.sleep(60)
"""


@pytest.mark.parametrize("count", [3, parallel.ENOUGH + 5])
def test_parallel_map_gives_results_in_the_order_of_the_jobs(count: int) -> None:
    assert list(parallel.parallel_map(abs, range(-count, 0), "counting")) == list(range(count, 0, -1))


def test_parallel_map_raises_the_error_of_a_job() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(parallel.parallel_map(int, ["1"] * parallel.ENOUGH + ["one"], "reading"))


def test_parallel_map_leaves_no_workers_when_its_process_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout
        worker = int(started.stdout.readline())
        started.kill()
    deadline = time.monotonic() + 30
    while artifacts.runs(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not artifacts.runs(worker)
