"""The errors a user can cause. Each is one sentence: where, what is wrong, what to do."""

import sys
from collections.abc import Callable


def exit_status(command: Callable[[], int], verbose: bool) -> int:
    """Run a command of a command line; its exit status, or that of the error or the interrupt that it ended with.

    A user's error is printed as one sentence; with `verbose` it keeps its traceback.
    """
    try:
        return command()
    except UserError as error:
        if verbose:
            raise
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print("interrupted; what was finished is kept, and the same command continues", file=sys.stderr)
        return 130


def quoted(value: object, longest: int = 60) -> str:
    """What the user has written, as `repr` shows it, cut where it would not leave a sentence."""
    text = repr(value[: longest + 1] if isinstance(value, str) else value)
    return text if len(text) <= longest + 2 else f"{text[:longest]}…"


class UserError(Exception):
    """Something the user can put right; the command line prints it and exits with status 1."""


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
