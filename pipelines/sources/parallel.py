"""One function over many files, in as many processes as there are cores."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from pipelines import progress

Job = TypeVar("Job")
Result = TypeVar("Result")
ENOUGH = 32
"""Fewer jobs than this finish before a second process has started."""


def parallel_map(function: Callable[[Job], Result], jobs: Sequence[Job], what: str) -> Iterator[Result]:
    """The results of `function` (of a module's top level) in the order of `jobs`, with a bar called `what`."""
    with progress.bar() as bar:
        bar_task = bar.add_task(what, total=len(jobs))
        for result in _results(function, jobs):
            bar.advance(bar_task)
            yield result


def _results(function: Callable[[Job], Result], jobs: Sequence[Job]) -> Iterator[Result]:
    processes = cores()
    if processes == 1 or len(jobs) < ENOUGH:
        yield from map(function, jobs)
        return
    # Spawned, not forked: a fork of a process with threads may deadlock.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _end_with_parent) as pool:
        yield from pool.map(function, jobs, chunksize=max(1, min(16, len(jobs) // (4 * processes))))


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _end_with_parent() -> None:
    """Otherwise the workers of a process that was killed wait for its jobs for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
