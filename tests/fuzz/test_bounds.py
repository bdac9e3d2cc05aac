import time

import pytest

from pipelines.errors import InputError
from tests.fuzz import bounds


def say(sentence: str) -> None:
    raise InputError(sentence)


def test_success_or_sentence_passes_results_and_sentences() -> None:
    assert bounds.success_or_sentence(lambda: 7) == 7
    assert bounds.success_or_sentence(lambda: say("a.csv: is empty; fill it")) is None


@pytest.mark.parametrize("sentence", ["", "x" * 10_000])
def test_success_or_sentence_fails_for_a_message_that_is_not_a_sentence(sentence: str) -> None:
    with pytest.raises(AssertionError):
        bounds.success_or_sentence(lambda: say(sentence))


def test_success_or_sentence_fails_beyond_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "SECONDS", 1)
    with pytest.raises(TimeoutError):
        bounds.success_or_sentence(lambda: time.sleep(30))


def test_success_or_sentence_fails_beyond_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    held = iter([0, bounds.MEMORY + 1])
    monkeypatch.setattr(bounds, "_most_held", lambda: next(held))
    with pytest.raises(AssertionError, match="took 1024 MiB"):
        bounds.success_or_sentence(lambda: 7)
