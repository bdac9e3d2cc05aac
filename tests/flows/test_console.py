"""What the terminal shows of words that others have chosen."""

from flows import console


def test_say_shows_control_characters_without_obeying_them() -> None:
    with console.screen.capture() as shown:
        console.say("stage", "çay\t[x] \x1b[2Jgone\r\x9b0m\u202e")
    assert shown.get().endswith("çay     [x] \\x1b[2Jgone\\r\\x9b0m\\u202e\n")
