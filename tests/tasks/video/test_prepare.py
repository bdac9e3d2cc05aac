"""No group in two parts, everything fitted on training alone, features as they would be in memory; too few clips end in one sentence."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines import artifacts
from pipelines.contract import SPLITS
from pipelines.errors import InputError
from pipelines.nn.datasets import LABEL, WINDOW, for_network
from pipelines.tasks.video import decoding, prepare, pretrained
from pipelines.tasks.video.data import CLIPS, FEATURES_FILE, FRAMES, FRAMES_FILE, PROJECTION, Meta, datasets, table_of
from pipelines.tasks.video.projection import Projection
from tests.tasks.video.conftest import PREPARE


def table(counts: dict[str, int], groups: int | None = None) -> pd.DataFrame:
    rows = [
        {
            "file": f"{label}-{index}",
            "label": label,
            "split": "",
            "group": f"{label}/{index if groups is None else index % groups}",
        }
        for label, count in counts.items()
        for index in range(count)
    ]
    return pd.DataFrame(rows)


def test_every_class_is_in_every_part() -> None:
    split, classes = prepare._split(table({"jump": 10, "run": 3}), PREPARE)
    assert classes == ["jump", "run"]
    assert split.groupby("label")["split"].nunique().tolist() == [3, 3]
    assert split["split"].value_counts()["train"] == 7 + 1


def test_clips_of_a_folder_within_a_class_stay_together() -> None:
    split, _ = prepare._split(table({"jump": 30, "run": 30}, groups=6), PREPARE)
    assert (split.groupby("group")["split"].nunique() == 1).all()


def test_class_with_one_clip() -> None:
    with pytest.raises(
        InputError,
        match=r"data/input/video/run: a class needs .* but it has only 1 clip; add some, or remove the folder",
    ):
        prepare._split(table({"jump": 10, "run": 1}), PREPARE)


def test_only_one_class() -> None:
    with pytest.raises(InputError, match=r"a classifier needs two classes .* all clips are in the folder 'jump'"):
        prepare._split(table({"jump": 10}), PREPARE)


def test_features_are_those_of_the_clip(raw: Path, prepared: Path, meta: Meta) -> None:
    row = 37
    file = table_of(prepared)["file"][row]
    seen, kept = decoding.read(raw / CLIPS / file, 4, [32, 8])
    extract = pretrained.extractor(raw, 32, PREPARE.stage["efficientnet_lite0"], 2)
    expected = Projection.open(prepared / PROJECTION)(extract(seen))
    assert (artifacts.read_array(prepared / FRAMES_FILE)[row] == kept).all()
    np.testing.assert_allclose(artifacts.read_array(prepared / FEATURES_FILE)[row], expected, atol=0.05)


def test_components_see_the_training_part_alone(raw: Path, prepared: Path) -> None:
    features = artifacts.read_array(prepared / FEATURES_FILE)
    training = (table_of(prepared)["split"] == "train").to_numpy()
    assert np.abs(features[training].mean((0, 1))).max() < 0.01
    assert np.abs(features[~training].mean((0, 1))).max() > 0.01
    assert features[training].var((0, 1)).mean() == pytest.approx(1, abs=0.01)


def test_nothing_is_left_that_only_the_stage_needs(prepared: Path) -> None:
    assert not {prepare.SEEN, prepare.PLAIN} & {path.name for path in prepared.iterdir()}


def test_batches_have_the_inputs_that_the_network_reads(prepared: Path, meta: Meta) -> None:
    clips = datasets(prepared, meta, "label")
    assert set(clips) == set(SPLITS)
    network = type("Network", (), {"input": {FRAMES: None}})
    batch = for_network(clips["train"], network).batch(np.array([0, 5]))
    assert set(batch.inputs) == {FRAMES}
    assert batch.inputs[FRAMES].shape == (2, 4, 8, 8, 3)
    everything = clips["train"].batch(np.array([0, 5]))
    assert everything.inputs[WINDOW].shape == (2, 4, 6)
    assert everything.targets[LABEL].dtype == np.int32


def test_cells_share_out_the_rows_of_the_network() -> None:
    np.testing.assert_allclose(pretrained._cells(4, 2), [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
    np.testing.assert_allclose(pretrained._cells(3, 2), [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]], atol=1e-6)
    np.testing.assert_allclose(pretrained._cells(1, 2), [[1], [1]])
    np.testing.assert_allclose(pretrained._cells(5, 1), [[0.2] * 5])
