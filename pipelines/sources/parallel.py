"""One function over many files, in as many processes as there are cores."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
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
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores == 1 or len(jobs) < ENOUGH:
        yield from map(function, jobs)
        return
    # Spawned, not forked: a fork of a process with threads may deadlock.
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        yield from pool.map(function, jobs, chunksize=max(1, min(16, len(jobs) // (4 * cores))))
