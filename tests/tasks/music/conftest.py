from pathlib import Path

import pytest

from pipelines import artifacts
from pipelines.tasks.music import midi
from pipelines.tasks.music import prepare as prepare_stage
from pipelines.tasks.music.data import Meta
from tests.tasks.music.pieces import PREPARE, hymn, jig


@pytest.fixture(scope="package")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    for style, make in (("hymns", hymn), ("jigs", jig)):
        (folder / "raw" / midi.FOLDER / style).mkdir(parents=True)
        for seed in range(12):
            midi.write(make(seed), folder / "raw" / midi.FOLDER / style / f"{style}-{seed}.mid")
    (folder / "prepared").mkdir()
    meta = prepare_stage.prepare(folder / "raw", PREPARE, folder / "prepared")
    artifacts.write_json(folder / "prepared" / "meta.json", meta)
    return folder / "prepared"


@pytest.fixture(scope="package")
def meta(prepared: Path) -> Meta:
    """As the later stages read it."""
    return artifacts.read(prepared / "meta.json", Meta)
