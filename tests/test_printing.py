import io
import os
import sys
from pathlib import Path

import pytest

from pipelines import progress
from pipelines.errors import InputError, OutputError, exit_status
from pipelines.printing import harmless, one_line, printable


def test_printable_shows_every_character_but_a_line_feed() -> None:
    assert printable("a\x1b[31m\tb\nü\u200b日") == "a\\x1b[31m\\tb\nü\\u200b日"
    assert one_line("a\nb\r") == "a\\nb\\r"


def test_harmless_changes_only_what_steers_a_terminal() -> None:
    text = "«Naïve»\t\u200f\u00a0👩\u200d🔬\n"
    assert harmless(text) == text
    assert harmless("\x1b]0;title\x07\x9b2J\r\u202e") == "\\x1b]0;title\\x07\\x9b2J\\r\\u202e"


def test_user_error_names_no_character_that_steers_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> int:
        raise InputError("a\x1b[31m.csv: is empty")

    assert exit_status(command, verbose=False) == 1
    assert capsys.readouterr().err == "error: a\\x1b[31m.csv: is empty\n"


def test_say_prints_one_line_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    progress.say("a\n\x1b[31mb")
    assert capsys.readouterr().out == "a\\n\\x1b[31mb\n"


def test_command_prints_escapes_where_the_terminal_has_only_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert exit_status(lambda: progress.say("CO₂") or 0, verbose=False) == 0  # type: ignore[func-returns-value]
    assert raw.getvalue() == b"CO\\u2082\n"


def test_command_ends_quietly_when_nobody_reads_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        assert exit_status(lambda: progress.say("x") or 0, verbose=False) == 141  # type: ignore[func-returns-value]
        progress.say("what is left in the buffer goes nowhere")
    assert not capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("unbuffered", [False, True])
def test_command_says_that_its_output_cannot_be_written(monkeypatch: pytest.MonkeyPatch, unbuffered: bool) -> None:
    with Path("/dev/full").open("wb", buffering=0 if unbuffered else -1) as file:
        stdout = io.TextIOWrapper(file, write_through=unbuffered)
        monkeypatch.setattr(sys, "stdout", stdout)
        with pytest.raises(OutputError, match=r"standard output cannot be written \(No space left on device\)"):
            progress.say("x")
        stdout.close()
