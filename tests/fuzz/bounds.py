"""What every input must lead to: success, or one sentence to the user, in little time and memory."""

import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar

from pipelines.errors import UserError

Result = TypeVar("Result")
SECONDS = 20
MEMORY = 1 << 30
"""Bytes by which the most that the process has ever held may grow."""
LONGEST = 600
"""Characters of a sentence: an input is not printed whole."""


def success_or_sentence(action: Callable[[], Result]) -> Result | None:
    """The result of `action`, or None where it ends in a `UserError`; any other exception fails the test, as do the limits."""
    with _limited():
        try:
            return action()
        except UserError as error:
            text = str(error)
            assert 0 < len(text) <= LONGEST, text[:LONGEST]
            return None


@contextmanager
def _limited() -> Iterator[None]:
    def stop(*_: object) -> NoReturn:
        raise TimeoutError(f"more than {SECONDS} seconds")

    handler = signal.signal(signal.SIGALRM, stop)
    before = _most_held()
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)
    taken = _most_held() - before
    assert taken <= MEMORY, f"took {taken >> 20} MiB"


def _most_held() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
