"""What the terminal shows of words that others have chosen."""

from flows import console


def test_printable_keeps_text_and_shows_control_characters() -> None:
    assert console.printable("çay\t[x] 1 %") == "çay     [x] 1 %"
    assert console.printable("\x1b[2Jgone\r\x9b0m\u202e") == "\ufffd[2Jgone\ufffd\ufffd0m\ufffd"
