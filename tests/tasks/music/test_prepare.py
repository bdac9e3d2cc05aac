"""The data of the splits."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.contract import EXPLAINED, SPLITS
from pipelines.errors import InputError
from pipelines.nn.vocabulary import SPECIAL
from pipelines.tasks.music import data, midi, rolls
from pipelines.tasks.music import prepare as prepare_stage
from pipelines.tasks.music.data import FAST, SLOW, STEADY, Meta, Rolls
from tests.tasks.music.pieces import PREPARE, hymn


def test_prepare_refuses_a_style_of_one_piece(tmp_path: Path) -> None:
    (tmp_path / "raw/midi/hymns").mkdir(parents=True)
    (tmp_path / "prepared").mkdir()
    midi.write(hymn(0), tmp_path / "raw/midi/hymns/one.mid")
    with pytest.raises(InputError, match="1 different pieces of the style 'hymns', too few to keep whole pieces"):
        prepare_stage.prepare(tmp_path / "raw", PREPARE, tmp_path / "prepared")


def test_prepare_puts_all_versions_of_a_piece_in_one_split(tmp_path: Path) -> None:
    (tmp_path / "raw/midi/hymns").mkdir(parents=True)
    (tmp_path / "prepared").mkdir()
    for index in range(12):
        piece = hymn(index // 2)
        notes = piece.notes.copy()
        notes["pitch"] += index % 2  # the other version is in another key
        midi.write(midi.Piece(notes), tmp_path / f"raw/midi/hymns/{index:02}.mid")
    meta = prepare_stage.prepare(tmp_path / "raw", PREPARE, tmp_path / "prepared")
    assert set(meta.targets) == {"frames", "events"}  # a style transfer needs two styles
    splits = pd.read_parquet(tmp_path / "prepared/pieces.parquet").sort_values("piece")["split"].tolist()
    assert splits[::2] == splits[1::2]
    assert set(splits) == set(SPLITS)


def test_prepare_keeps_a_piece_that_two_styles_have_in_one_split(tmp_path: Path) -> None:
    (tmp_path / "prepared").mkdir()
    for style, first in (("hymns", 0), ("psalms", 6)):
        (tmp_path / f"raw/midi/{style}").mkdir(parents=True)
        for index in range(first, first + 12):
            midi.write(hymn(index), tmp_path / f"raw/midi/{style}/{style}-{index:02}.mid")
    prepare_stage.prepare(tmp_path / "raw", PREPARE, tmp_path / "prepared")
    pieces = pd.read_parquet(tmp_path / "prepared/pieces.parquet")
    assert (pieces.groupby(pieces["piece"].str[-2:])["split"].nunique() == 1).all()
    assert (pieces.groupby("style")["split"].nunique() == 3).all()


def test_prepare_names_metres_that_have_no_token(tmp_path: Path) -> None:
    (tmp_path / "raw/midi/hymns").mkdir(parents=True)
    (tmp_path / "prepared").mkdir()
    for index in range(12):
        metre = (0.0, 11, 16) if index < 2 else (0.0, 9, 8)
        midi.write(midi.Piece(hymn(index).notes, signatures=(metre,)), tmp_path / f"raw/midi/hymns/{index:02}.mid")
    meta = prepare_stage.prepare(tmp_path / "raw", PREPARE, tmp_path / "prepared")
    assert meta.tokens.left_out == {"bars of 11/16": "in 2 pieces, such as 00, which have bars of 4/4 in their place"}
    assert "TimeSig_9/8" in meta.tokens.vocabulary.words


def test_datasets_read_a_piece_in_only_one_split(prepared: Path, meta: Meta) -> None:
    for target in ("frames", "transfer"):
        examples = data.datasets(prepared, meta, target)
        read = {split: set(examples[split].table["piece"]) for split in SPLITS}
        assert not read["train"] & read["valid"] | read["train"] & read["test"] | read["valid"] & read["test"]
        assert set(examples[EXPLAINED].table["piece"]) <= read["test"]
        assert set(examples["test"].table["shift"]) | set(examples["valid"].table["shift"]) == {0}


def test_datasets_read_training_pieces_in_several_keys(prepared: Path, meta: Meta) -> None:
    examples = data.datasets(prepared, meta, "frames")["train"]
    table = examples.table
    for piece in set(table["piece"]):
        shifts = table["shift"][table["piece"] == piece]
        assert len(set(shifts)) == examples.variants == PREPARE.keys
    row = int(np.flatnonzero(table["shift"] > 0)[0])
    same = (table["piece"] == table["piece"][row]) & (table["begin"] == table["begin"][row]) & (table["shift"] == 0)
    moved, own = (examples.cells(np.array([index])) for index in (row, int(np.flatnonzero(same)[0])))
    np.testing.assert_array_equal(moved, np.roll(own, int(table["shift"][row]), axis=2))


def test_rolls_batch_inputs_are_the_previous_frame_and_the_style(prepared: Path, meta: Meta) -> None:
    examples = data.datasets(prepared, meta, "frames")["train"]
    batch = examples.batch(np.arange(len(examples)))
    window, keys, weights = batch.inputs["window"], batch.targets["keys"], batch.weights
    assert weights is not None
    real = weights[:, :-1] > 0
    np.testing.assert_array_equal(window[:, 1:, : midi.KEYS][real], keys[:, :-1][real])
    begins = examples.table["begin"] == examples.table["first"]
    assert not window[begins, 0, : midi.KEYS].any()
    assert window[~begins, 0, : midi.KEYS].any(-1).all()
    np.testing.assert_array_equal(window[:, 0, midi.KEYS :].argmax(-1), examples.table["style"])


@pytest.mark.parametrize("target", ["frames", "transfer"])
def test_rolls_batch_frames_after_the_end_have_no_weight(prepared: Path, meta: Meta, target: str) -> None:
    examples = data.datasets(prepared, meta, target)["test"]
    batch = examples.batch(np.arange(len(examples)))
    assert batch.weights is not None
    lengths = examples.table["end"] - examples.table["begin"]
    assert lengths.min() < examples.window
    np.testing.assert_array_equal(batch.weights.sum(1), lengths)
    assert batch.weights[:, 0].all()
    assert not batch.targets["keys"][batch.weights == 0].any()


def test_vocabulary_has_only_the_tokens_of_training(prepared: Path, meta: Meta) -> None:
    training = np.asarray(data.tokens_of(prepared, meta, "train"))
    assert set(training) == set(range(len(SPECIAL), len(meta.tokens.vocabulary)))


def test_prepare_begins_every_piece_with_the_mark_of_its_style(prepared: Path, meta: Meta) -> None:
    marks = meta.tokens.vocabulary.encode(map(data.mark, meta.styles))
    pieces = pd.read_parquet(prepared / "pieces.parquet")
    for split, variants in (("train", PREPARE.keys), ("test", 1)):
        tokens = np.asarray(data.tokens_of(prepared, meta, split))
        assert tokens[0] in marks
        assert np.isin(tokens, marks).sum() == variants * (pieces["split"] == split).sum()


def test_openings_have_the_requested_bars_of_a_test_piece(prepared: Path, meta: Meta) -> None:
    (opening,) = data.openings(prepared, meta, "jigs", bars=2, count=1)
    piece = data.piece_of(opening, meta, 100)
    assert len(piece.notes) == 16  # two bars of 2/4 in sixteenths
    assert piece.tempi == ((0.0, 100.0),)


def test_pace_brings_a_melody_close_to_another_density() -> None:
    assert [data.pace(density, 2.0) for density in (0.9, 1.9, 4.2)] == [FAST, STEADY, SLOW]


@pytest.mark.parametrize(
    ("pace", "keys", "struck"),
    [
        (STEADY, [1, 1, 1, 2, 2, 2], [1, 0, 0, 1, 0, 1]),
        (FAST, [1, 1, 2], [1, 0, 1]),
        (SLOW, [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2], [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0]),
    ],
)
def test_rolls_cells_at_another_pace_keep_the_melody(pace: int, keys: list[int], struck: list[int]) -> None:
    roll = np.zeros((6, midi.KEYS), np.uint8)
    roll[:3, 1], roll[3:, 2] = rolls.SOUNDING, rolls.SOUNDING
    roll[0, 1] = roll[3, 2] = roll[5, 2] = rolls.STRUCK
    columns = {"begin": 0, "end": 6, "first": 0, "last": 6, "shift": 0, "style": 0, "pace": pace}
    examples = Rolls(roll, {name: np.array([value]) for name, value in columns.items()}, window=16, styles=1)
    assert examples.frames_of(np.array([0])) == [len(keys)]
    highest, hit = rolls.melody(examples.cells(np.array([0]))[0, 1:])
    assert highest[: len(keys)].tolist() == keys
    if pace != FAST:
        assert hit[: len(keys)].tolist() == [bool(value) for value in struck]
    assert (highest[len(keys) :] == -1).all()
