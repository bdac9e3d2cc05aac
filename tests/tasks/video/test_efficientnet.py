"""The network is the published one, layer by layer, and sees with the published weights."""

from pathlib import Path

import av
import keras
import numpy as np
import pytest
import sklearn.datasets

from pipelines.contract import Array
from pipelines.errors import SourceError
from pipelines.tasks.video import efficientnet, torch_weights
from pipelines.tasks.video.pretrained import EFFICIENTNET

SIDES = (112, 56, 28, 14, 14, 7, 7)
PALACE, DAISY = 698, 985
"""Classes of ImageNet."""


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return efficientnet.network(224)


@pytest.fixture(scope="module")
def weights(raw: Path) -> dict[str, Array]:
    return torch_weights.read((raw / EFFICIENTNET).read_bytes())


def test_stages_have_the_sides_and_channels_of_the_paper(network: keras.Model) -> None:
    channels = [stage[-1] for stage in efficientnet.STAGES]
    shapes = [network.get_layer(f"stage_{stage}").output.shape[1:] for stage in range(1, 8)]
    assert shapes == [(side, side, count) for side, count in zip(SIDES, channels, strict=True)]
    assert network.get_layer("_conv_stem").output.shape[1:] == (112, 112, 32)
    assert network.get_layer("_conv_head").output.shape[1:] == (7, 7, 1280)


def test_parameters_are_those_of_the_published_weights(network: keras.Model) -> None:
    assert network.count_params() == 4_694_024  # PyTorch counts 49 numbers of batches too: 4,694,073
    trainable = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    assert trainable == 4_652_008  # as its authors' table of 4.7 million has them


def test_every_weight_is_read_into_the_layer_of_its_name(network: keras.Model, weights: dict[str, Array]) -> None:
    assert len(weights) == 296
    efficientnet.load(network, weights)
    depthwise = network.get_layer("_blocks.5._depthwise_conv")
    assert (np.asarray(depthwise.kernel)[:, :, 7, 0] == weights["_blocks.5._depthwise_conv.weight"][7, 0]).all()
    mean = network.get_layer("_blocks.15._bn2").moving_mean
    assert (np.asarray(mean) == weights["_blocks.15._bn2.running_mean"]).all()


@pytest.mark.parametrize(("picture", "expected"), [("china.jpg", PALACE), ("flower.jpg", DAISY)])
def test_likeliest_class_of_a_known_picture(
    network: keras.Model,
    weights: dict[str, Array],
    picture: str,
    expected: int,
) -> None:
    efficientnet.load(network, weights)
    with av.open(str(Path(sklearn.datasets.__file__).parent / "images" / picture)) as file:
        frame = next(file.decode(video=0))
    side = min(frame.height, frame.width)
    pixels = frame.to_ndarray(format="rgb24").astype(np.uint8)
    top, left = (frame.height - side) // 2, (frame.width - side) // 2
    square = av.VideoFrame.from_ndarray(
        np.ascontiguousarray(pixels[top : top + side, left : left + side]), format="rgb24"
    )
    small = square.reformat(224, 224, interpolation="AREA").to_ndarray(format="rgb24")
    assert int(network.predict_on_batch(small[None].astype(np.float32)).argmax()) == expected


def test_weights_of_another_network_are_refused(network: keras.Model, weights: dict[str, Array]) -> None:
    with pytest.raises(SourceError, match=r"have no _fc\.bias"):
        efficientnet.load(network, {name: value for name, value in weights.items() if name != "_fc.bias"})
    with pytest.raises(SourceError, match=r"have _blocks\.99\.x too"):
        efficientnet.load(network, {**weights, "_blocks.99.x": np.zeros(1)})
