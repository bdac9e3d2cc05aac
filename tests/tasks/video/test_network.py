"""What a network says after k frames is what it says of a clip of k frames, with features given or its own."""

from pathlib import Path

import keras
import numpy as np
import pytest

from pipelines.errors import ParameterError
from pipelines.nn import checkpoints
from pipelines.nn.datasets import WINDOW
from pipelines.nn.heads import Classifier
from pipelines.params import checked
from pipelines.tasks.video.data import FRAMES, Meta, datasets
from pipelines.tasks.video.network import READ, WithChanges
from pipelines.tasks.video.params import Params, VideoModel
from pipelines.tasks.video.running import Running
from pipelines.tasks.video.train import build, head
from tests.tasks.video.conftest import BLOCK

LAYERS = [{"cell": "lstm", "units": 5}, {"cell": "gru", "units": 4}]


def network(meta: Meta, **options: object) -> keras.Model:
    keras.utils.set_random_seed(1)
    model = VideoModel.model_validate({"recurrent": LAYERS, "dense": [3], "dropout": 0.2, "changes": True, **options})
    return build(model, meta, "label", head(meta, "label", BLOCK.train))


@pytest.mark.parametrize("options", [{}, {"changes": False}, {"cnn": [2, 3]}, {"cnn": [2], "changes": False}])
def test_running_outputs_are_those_of_the_clip_until_then(
    prepared: Path, meta: Meta, options: dict[str, object]
) -> None:
    own = network(meta, **options)
    assert list(own.input) == [FRAMES if "cnn" in options else WINDOW]
    clips = datasets(prepared, meta, "label")["test"].reading(own.input)
    inputs = clips.batch(np.arange(6)).inputs
    running = Running(own).logits(inputs)
    assert running.shape == (6, 4, len(meta.label.classes))
    for frames in range(1, 5):
        whole = own.predict_on_batch({name: values[:, :frames] for name, values in inputs.items()})
        np.testing.assert_allclose(running[:, frames - 1], whole, atol=1e-5)


def test_changes_are_those_from_the_frame_before() -> None:
    features = np.array([[[1.0, 2.0], [4.0, 2.0], [4.0, 8.0]]], np.float32)
    read = np.asarray(WithChanges(3.0)(features))
    assert read[0, :, :2].tolist() == features[0].tolist()
    assert read[0, :, 2:].tolist() == [[0, 0], [1, 0], [0, 2]]


def test_network_can_be_saved(meta: Meta, tmp_path: Path) -> None:
    own = network(meta)
    checkpoints.save(tmp_path, own, [1], [own.get_weights()])
    loaded = checkpoints.load(tmp_path)
    assert loaded.get_layer("with_changes").scale == pytest.approx(meta.label.change)
    assert loaded.get_layer(READ).output.shape == own.get_layer(READ).output.shape


def test_bidirectional_layer_is_refused() -> None:
    block = BLOCK.model_dump(by_alias=True)
    block["models"] = {
        "bad": {**block["models"]["lstm"], "recurrent": [{"cell": "lstm", "units": 4, "bidirectional": True}]}
    }
    with pytest.raises(ParameterError, match=r"video\.models\.bad\.recurrent: .*before the clip has ended"):
        checked("video", Params, {"video": block})


def test_head_has_a_logit_for_each_class(meta: Meta) -> None:
    own = head(meta, "label", BLOCK.train)
    assert isinstance(own, Classifier)
    assert own.classes == len(meta.label.classes) == 16
