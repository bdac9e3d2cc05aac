"""Progress of long work: a bar in a terminal, nothing elsewhere; and what a command prints in both."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import UnsupportedOperation
from typing import TYPE_CHECKING

from pipelines.errors import OutputError, ReaderGoneError
from pipelines.printing import harmless, one_line

if TYPE_CHECKING:
    from rich.progress import Progress


@contextmanager
def bar() -> Iterator["Progress"]:
    """A progress bar on standard error; silent when that is not a terminal."""
    from rich.console import Console
    from rich.progress import Progress, TimeElapsedColumn

    console = Console(stderr=True)
    with Progress(
        *Progress.get_default_columns(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        yield progress


def say(line: str) -> None:
    """One line on standard output, at once."""
    show(one_line(line))


def show(text: str) -> None:
    """Some lines on standard output, at once; raise `OutputError` if they cannot be written, `ReaderGoneError` if nobody reads them."""
    try:
        print(harmless(text), flush=True)
    except OSError as error:
        _write_nowhere()
        if isinstance(error, BrokenPipeError):
            raise ReaderGoneError from error
        raise OutputError(f"standard output cannot be written ({error.strerror}); write to another place") from error


def _write_nowhere() -> None:
    """Let what is left in the buffer go, which the end of the process would otherwise try to write again."""
    with suppress(UnsupportedOperation):  # in a test, which has replaced it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
