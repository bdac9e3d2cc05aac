"""The errors a user can cause. Each is one sentence: where, what is wrong, what to do."""

import errno
import io
import os
import sys
from collections.abc import Callable

from pipelines.printing import printable

OWN_PACKAGES = ("flows", "gatehouse", "pipelines")
"""Packages whose absence is not a question of the environment."""
REMEDIES = {
    errno.ENOSPC: "make room on its disk",
    errno.EDQUOT: "make room within your quota of its disk",
    errno.EFBIG: "raise the largest size of a file (`ulimit -f`)",
    errno.EROFS: "make its disk writable",
    errno.EACCES: "change the permissions of the file or its folder",
    errno.EPERM: "change the permissions of the file or its folder",
    errno.EIO: "check its disk",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EMFILE: "raise the number of open files (`ulimit -n`)",
    errno.ENFILE: "close other programs",
    errno.ENOLCK: "use a file system that has locks",
}
"""What the operating system may refuse without a fault in the program, and what to do about it."""


def exit_status(command: Callable[[], int], verbose: bool) -> int:
    """Run a command of a command line; its exit status, or that of the error or the interrupt that it ended with.

    A user's error is printed as one sentence, and so is what the operating system refuses for one of the reasons in `REMEDIES`; with
    `verbose` it keeps its traceback. What a terminal cannot show is printed as an escape.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return command()
    except (UserError, OSError) as error:
        if verbose or (isinstance(error, OSError) and error.errno not in REMEDIES):
            raise
        print(f"error: {_refused(error) if isinstance(error, OSError) else error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except ModuleNotFoundError as error:
        if verbose or (error.name or "").partition(".")[0] in OWN_PACKAGES:
            raise
        print(
            f"error: {sys.executable} has no module {error.name!r}, which the project needs: call the commands in .venv/bin, "
            "which `make setup` completes, or activate your own environment; `dvc checkout` brings back outputs that `dvc repro` "
            "has removed",
            file=sys.stderr,
        )
        return 1
    except ReaderGoneError:
        return 141  # what a shell reports of a command that such a pipe ends
    except KeyboardInterrupt:
        print("interrupted; what was finished is kept, and the same command continues", file=sys.stderr)
        return 130


def _refused(error: OSError) -> str:
    """The sentence for one of `REMEDIES`; a file that is copied is named by where it is to go."""
    assert error.errno is not None
    where = error.filename2 or error.filename
    return printable(
        f"{where or 'a file'}: {os.strerror(error.errno).lower()}; {REMEDIES[error.errno]}, then run the same command again"
    )


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


class OutputError(UserError):
    """An output that cannot be written, or that another process is writing."""


class DamagedError(UserError):
    """A file that an earlier stage wrote and that is not what it wrote."""


class ExpectationError(UserError):
    """Prepared data that does not meet its expectations."""


class TrainingError(UserError):
    """A training that cannot give a usable model, for example because the loss is not finite."""
