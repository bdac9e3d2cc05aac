"""`predict video CLIP…`: what happens in each clip, with the probability of every class."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines import names, paths
from pipelines.errors import InputError
from pipelines.predict import Prediction, unmarked
from pipelines.printing import quoted
from pipelines.tasks.video.params import TARGET

if TYPE_CHECKING:
    from pipelines.predict import TrainedNetworks

SHOWN = 3
"""Classes that are printed; JSON has all."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The files."""
    parser.add_argument("clips", nargs="+", metavar="CLIP", help="a video file, for example clip.mp4")


def predict(trained: "TrainedNetworks", options: argparse.Namespace) -> Iterator[Prediction]:
    """Every clip with its class, and from which moment on the network has said so.

    Raise `InputError` for what is not a clip, before a network is loaded.
    """
    from pipelines.tasks.video import decoding

    files = [_file(name) for name in options.clips]
    for file in files:
        decoding.check(file)
    from pipelines.tasks.video.data import FRAMES, PROJECTION, Meta

    network, seed = trained.network(TARGET)
    model, label = trained.model(TARGET), trained.meta(Meta).label
    from pipelines.nn.datasets import WINDOW
    from pipelines.nn.heads import Classifier
    from pipelines.tasks.video import pretrained
    from pipelines.tasks.video.projection import Projection
    from pipelines.tasks.video.running import Running

    head, running = Classifier(len(label.classes)), Running(network)
    reads_features = WINDOW in network.input
    if reads_features:
        extract = pretrained.extractor(paths.raw("video"), label.side, label.stage, label.grid)
        projection = Projection.open(paths.prepared("video") / PROJECTION)
    side = label.side if reads_features else label.stored_side
    for file in files:
        (frames,) = decoding.read(file, label.lookback, [side], label.background)
        inputs = {WINDOW: projection(extract(frames))[None]} if reads_features else {FRAMES: frames[None]}
        probabilities = head.decode(running.logits(inputs))[0]
        by_class = sorted(zip(label.classes, probabilities[-1].tolist(), strict=True), key=lambda pair: -pair[1])
        share = known_from(probabilities)
        likeliest = ", ".join(f"{name} {probability:.1%}" for name, probability in by_class[:SHOWN])
        yield Prediction(
            {
                "file": file.as_posix(),
                "class": by_class[0][0],
                "probabilities": dict(by_class),
                "known_from": share,
                "model": model,
                "trained_seed": seed,
            },
            f"{file}: {likeliest}; so since {share:.0%} of the clip",
        )


def known_from(probabilities: NDArray[np.float64]) -> float:
    """The share of the clip after which the likeliest class, (frames, classes), is that of the whole clip and stays it."""
    other = np.flatnonzero(probabilities.argmax(1) != probabilities[-1].argmax())
    return float((other[-1] + 2 if len(other) else 1) / len(probabilities))


def _file(name: str) -> Path:
    name = unmarked(name)
    if not names.is_text(name):
        raise InputError(f"{quoted(name)} is not UTF-8; rename the file")
    path = Path(name)
    if not path.is_file():
        raise InputError(f"{name}: is not a file; name a video")
    return path
