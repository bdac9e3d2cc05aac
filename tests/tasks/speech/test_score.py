"""Error rates and their intervals."""

import numpy as np
import pytest

from pipelines.tasks.speech.score import interval, score, word_edits

SAID = ["one two three", "four", "stop"]
SPEAKERS = ["a", "b", "b"]
SECONDS = np.array([1.5, 0.4, 0.5])


def test_score_of_perfect_transcripts_is_zero() -> None:
    scored = score(SAID, SAID, SPEAKERS, SECONDS, 20)
    assert scored.metrics == {"wer": 0, "cer": 0}
    assert scored.record.confusions == []
    assert not scored.losses.any()


def test_score_counts_words_replaced_left_out_and_added() -> None:
    scored = score(SAID, ["one too", "four four", "stop"], SPEAKERS, SECONDS, 20, {"wer_greedy": SAID})
    assert scored.metrics["wer"] == pytest.approx(3 / 5)
    assert scored.metrics["wer_greedy"] == 0
    assert scored.losses.mean() == pytest.approx(3 / 5)
    assert sorted(scored.record.confusions) == [("", "four", 1), ("three", "", 1), ("two", "too", 1)]
    assert scored.clusters is None  # two speakers say nothing of how speakers differ
    many = score(["one"] * 6, ["one"] * 6, [*"abcde", "e"], np.ones(6), 20)
    assert many.clusters is not None
    assert many.clusters.tolist() == [0, 1, 2, 3, 4, 4]


def test_score_takes_an_empty_transcript() -> None:
    assert score(SAID, ["", "", ""], SPEAKERS, SECONDS, 20).metrics == {"wer": 1, "cer": 1}


def test_word_edits_are_those_of_each_utterance() -> None:
    assert word_edits(SAID, ["one two three", "for", ""])[0].tolist() == [0, 1, 1]


def test_interval_draws_whole_groups() -> None:
    edits, sizes = np.array([0, 0, 0, 1, 1, 1] * 10), np.ones(60, int)
    together = interval(edits, sizes, edits, 500)
    apart = interval(edits, sizes, np.arange(60), 500)
    assert together.rate == apart.rate == 0.5
    assert together.high - together.low > 2 * (apart.high - apart.low)
