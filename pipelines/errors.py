"""The errors a user can cause. Each is one sentence: where, what is wrong, what to do."""

import io
import sys
from collections.abc import Callable

from pipelines.printing import printable


def exit_status(command: Callable[[], int], verbose: bool) -> int:
    """Run a command of a command line; its exit status, or that of the error or the interrupt that it ended with.

    A user's error is printed as one sentence; with `verbose` it keeps its traceback. What a terminal cannot show is printed as an escape.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return command()
    except UserError as error:
        if verbose:
            raise
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except ReaderGoneError:
        return 141  # what a shell reports of a command that such a pipe ends
    except KeyboardInterrupt:
        print("interrupted; what was finished is kept, and the same command continues", file=sys.stderr)
        return 130


class ReaderGoneError(Exception):
    """Whoever read standard output reads no more, as in `… | head`."""


class UserError(Exception):
    """Something the user can put right; the command line prints it and exits with status 1."""

    def __init__(self, sentence: str) -> None:
        super().__init__(printable(sentence))


class UsageError(UserError):
    """A command line that is wrong, or names something that does not exist; exit status 2."""


class ParameterError(UserError):
    """A key or value in `params.yaml` that is not allowed."""


class InputError(UserError):
    """A file in `data/input/<task>` (or given to `predict`) that cannot be used."""


class SourceError(UserError):
    """A sample that could not be fetched, or is not the file that was expected."""


class MissingStageError(UserError):
    """The output of an earlier stage is missing."""


class ExpectationError(UserError):
    """Prepared data that does not meet its expectations."""


class TrainingError(UserError):
    """A training that cannot give a usable model, for example because the loss is not finite."""


class OutputError(UserError):
    """An output that cannot be written."""
