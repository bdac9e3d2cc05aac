"""The sample in small, collected and prepared once."""

import gc
import warnings
from pathlib import Path

import pytest

from pipelines import artifacts, params
from pipelines.nn import hardware
from pipelines.tasks.video import collect
from pipelines.tasks.video import prepare as prepare_stage
from pipelines.tasks.video.data import Meta
from pipelines.tasks.video.params import Params, VideoPrepare
from tests.conftest import ROOT

BLOCK = params.block("video", Params, ROOT / "params.yaml")
SMALL = {"frames": 4, "side": {"efficientnet_lite0": 32, "resnet50": 32}, "grid": 2, "components": 6, "stored_side": 8}
PREPARE = VideoPrepare.model_validate({**BLOCK.prepare.model_dump(), **SMALL})


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("video-raw")
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ResourceWarning
        )  # the client that downloads the weights leaves its sockets to the collector
        collect.collect(BLOCK.collect.model_copy(update={"clips": 10}), [], folder)
        gc.collect()
    return folder


@pytest.fixture(scope="session")
def prepared(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("video-prepared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hardware, "set_up", lambda: None)  # TensorFlow has begun, and other tests need it as it is
        meta = prepare_stage.prepare(raw, PREPARE, folder)
    artifacts.write_json(folder / "meta.json", meta)
    return folder


@pytest.fixture(scope="session")
def meta(prepared: Path) -> Meta:
    return artifacts.read(prepared / "meta.json", Meta)
