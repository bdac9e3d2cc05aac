import errno
import os

import pytest

from pipelines.errors import UsageError, UserError, exit_status


def failing(error: Exception) -> int:
    raise error


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.ENOSPC, "no space left on device; make room on its disk"),
        (errno.EROFS, "read-only file system; make its disk writable"),
        (errno.EACCES, "permission denied; change the permissions of the file or its folder"),
    ],
)
def test_exit_status_of_what_the_system_refuses_is_a_sentence(
    code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error = OSError(code, os.strerror(code), "data/prepared/x.npy")
    assert exit_status(lambda: failing(error), verbose=False) == 1
    assert capsys.readouterr().err == f"error: data/prepared/x.npy: {sentence}, then run the same command again\n"
    with pytest.raises(OSError, match="npy"):
        exit_status(lambda: failing(error), verbose=True)


def test_exit_status_of_a_copy_that_was_refused_names_where_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    error = OSError(errno.ENOSPC, "No space left on device", "data/input/x.mid", None, "data/raw/x.mid")
    assert exit_status(lambda: failing(error), verbose=False) == 1
    assert capsys.readouterr().err.startswith("error: data/raw/x.mid: no space left on device")


def test_exit_status_lets_a_bug_keep_its_traceback() -> None:
    with pytest.raises(FileNotFoundError):
        exit_status(lambda: failing(FileNotFoundError(errno.ENOENT, "No such file", "x")), verbose=False)


def test_exit_status_distinguishes_wrong_usage() -> None:
    assert exit_status(lambda: failing(UserError("x")), verbose=False) == 1
    assert exit_status(lambda: failing(UsageError("x")), verbose=False) == 2
