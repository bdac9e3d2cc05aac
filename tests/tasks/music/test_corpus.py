"""The scores of the sample, from music21's corpus."""

from pathlib import Path

import pytest

from pipelines.tasks.music import corpus, midi


@pytest.mark.parametrize(("style", "voices", "at_least"), [("chorales", 4, 400), ("tunes", 1, 1000)])
def test_corpus_write_gives_a_readable_midi_file(tmp_path: Path, style: str, voices: int, at_least: int) -> None:
    found = corpus.scores(style)
    assert len(found) > at_least
    results = {path: corpus.write(style, path, tmp_path / f"{path.stem}.mid") for path in found[:3]}
    written = [path for path, why in results.items() if why is None]
    assert written
    for path in written:
        piece = midi.read(tmp_path / f"{path.stem}.mid")
        assert len(piece.notes) > 30
        assert piece.signatures
    for path, why in results.items():
        assert (tmp_path / f"{path.stem}.mid").exists() == (why is None)
        assert why is None or path.name in why


def test_corpus_write_returns_why_a_score_cannot_be_written(tmp_path: Path) -> None:
    (repeats,) = (path for path in corpus.scores("tunes") if path.name == "BossJig.abc")
    assert corpus.write("tunes", repeats, tmp_path / "a.mid") == (
        "BossJig.abc: music21 cannot write it (ExpanderException)"
    )
    (voices,) = (path for path in corpus.scores("chorales") if path.name == "bwv171.6.mxl")
    assert str(corpus.write("chorales", voices, tmp_path / "b.mid")) == "bwv171.6.mxl: has 8 voices"
    empty = tmp_path / "empty.abc"
    empty.write_text("X:1\nT:nothing\nK:C\n")
    assert corpus.write("tunes", empty, tmp_path / "c.mid") == "empty.abc: has no notes"
    assert not list(tmp_path.glob("*.mid"))
