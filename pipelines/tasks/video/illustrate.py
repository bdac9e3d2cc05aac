"""Some test clips to play, with what the network says and does after each frame."""

from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines.analysis import gates, gradients
from pipelines.classification import examples
from pipelines.contract import Array
from pipelines.nn.heads import Head
from pipelines.nn.views import SEQUENCE
from pipelines.tasks.video import encoding
from pipelines.tasks.video.data import FRAMES, Clips, Meta, datasets, table_of
from pipelines.tasks.video.network import parts
from pipelines.tasks.video.params import Params
from pipelines.tasks.video.records import Illustration, ShownClip
from pipelines.tasks.video.running import Running

CANDIDATES = 512
"""Test clips among which those that are shown are chosen."""
RATE = 4
"""Frames a second with which they play."""
PLAYED_SIDE = 192
"""Pixels of the width and height of a clip that plays, at least."""


def illustrate(
    network: keras.Model, head: Head, prepared: Path, meta: Meta, target: str, params: Params, files: Path
) -> Illustration:
    """Write the clips to `files`, and a strip of each one's frames."""
    test: Clips = datasets(prepared, meta, target)["test"]
    rows = np.unique(np.linspace(0, len(test) - 1, CANDIDATES).astype(np.int64))
    inputs = test.reading(network.input).batch(rows).inputs
    probabilities = head.decode(Running(network).logits(inputs))
    chosen = examples.chosen(probabilities[:, -1], test.labels[rows], params.evaluate.shown)
    few = {name: values[chosen] for name, values in inputs.items()}
    slopes = _gradients(network, head, few)
    traces = gates.trace(network, few).traces
    frames = test.reading([FRAMES]).batch(rows[chosen]).inputs[FRAMES]
    table = table_of(prepared)
    names = table.loc[table["split"] == "test", "file"].tolist()
    shown = []
    for index, row in enumerate(chosen.tolist()):
        clip, strip = f"clip_{index + 1}.mp4", f"clip_{index + 1}.png"
        times = -(-PLAYED_SIDE // frames.shape[2])
        encoding.write_clip(files / clip, frames[index].repeat(times, axis=1).repeat(times, axis=2), RATE)
        encoding.write_picture(files / strip, np.concatenate(frames[index], axis=1))
        inside = {
            f"{traced.layer}: {gate}": values[index].mean(-1).astype(np.float32)
            for traced in traces
            for gate, values in traced.gates.items()
            if gate != "candidate"
        }
        label = meta.label.classes[test.labels[rows[row]]]
        shown.append(
            ShownClip(clip, strip, names[rows[row]], label, 1 / RATE, probabilities[row], slopes[index], inside)
        )
    return Illustration(shown)


def _gradients(network: keras.Model, head: Head, inputs: dict[str, Array]) -> NDArray[np.float32]:
    """How strongly the log-probability of the likeliest class depends on each frame, (clips, frames); the largest of a clip is 1."""
    reader, after = parts(network)
    log_probabilities = head.explained(after.output)
    likeliest = keras.Model(after.input, keras.ops.max(log_probabilities, axis=-1, keepdims=True))
    read = reader.predict_on_batch(inputs)
    values = gradients.magnitudes(likeliest, {SEQUENCE: read}, SEQUENCE, [0])[0]
    return (values / np.maximum(values.max(1, keepdims=True), 1e-12)).astype(np.float32)
