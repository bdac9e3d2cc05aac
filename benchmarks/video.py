"""What stored features save, and how fast clips are decoded: `python -m benchmarks.video [features] [decoding]`.

`features`: clips a second in training on stored features, and with a frozen ResNet-50 inside the model (`TimeDistributed`, random weights,
224 pixels), as the source course has it. `decoding`: clips a second, over 1×, 4× and 16× as many, by a plain loop of OpenCV that reads
every frame and resizes the wanted ones, and by this project; it needs `opencv-python-headless`, which no other part does. Each figure comes
from a process of its own, with that process's peak memory (of decoding: its workers' too).
"""

import importlib
import importlib.util
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

FRAMES, COMPONENTS, CLASSES, SIDE = 16, 128, 16, 64
TIMES = (1, 4, 16)
REPETITIONS = 3
SIZES = {"64 × 64, 24 frames": (64, 64, 24, 40), "240 × 320, 300 frames": (240, 320, 300, 4)}
"""Name -> height, width, frames of a clip, how many clips once, 4 and 16 times."""


def main() -> None:
    """Measure and print."""
    chosen = sys.argv[1:] or ["features", "decoding"]
    console = Console()
    if "features" in chosen:
        table = Table("training on", "clips a second", "peak memory")
        rates = {}
        for how in ("ResNet-50 inside the model", "stored features"):
            rates[how], peak = _measure(f"train({how!r})")
            table.add_row(how, f"{rates[how]:.3g}", f"{peak:.0f} MB")
        console.print(table)
        console.print(f"times as fast: {rates['stored features'] / rates['ResNet-50 inside the model']:.0f}")
    if "decoding" in chosen:
        if not importlib.util.find_spec("cv2"):
            raise SystemExit("the plain loop needs OpenCV: pip install opencv-python-headless")
        console.print(_decoding())
        console.print(f"median of {REPETITIONS}, in turn; the sides of {SIDE} pixels, {FRAMES} frames a clip")


def _decoding() -> Table:
    table = Table("clips", "number", "OpenCV", "gatehouse", "times as fast", "peak memory")
    for name, (height, width, frames, count) in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), height, width, frames, count)
            for times in TIMES:
                pairs = [
                    [_measure(f"decode({how!r}, {folder!r}, {times})") for how in ("opencv", "gatehouse")]
                    for _ in range(REPETITIONS)
                ]
                slow, fast = (statistics.median(pair[side][0] for pair in pairs) for side in (0, 1))
                peaks = [max(pair[side][1] for pair in pairs) for side in (0, 1)]
                table.add_row(
                    name,
                    f"{count * times}",
                    f"{slow:.1f} a second",
                    f"{fast:.1f} a second",
                    f"{fast / slow:.1f}",
                    f"{peaks[0]:.0f}, {peaks[1]:.0f} MB",
                )
    return table


def _measure(call: str) -> tuple[float, float]:
    """Clips a second and peak megabytes of a call in a process of its own."""
    code = f"from benchmarks.video import *; {call}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rate, peak = done.stdout.split()[-2:]
    return float(rate), float(peak)


def _print(rate: float) -> None:
    import resource

    used = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(rate, max(used) / 1e3)


# Training


def train(how: str) -> None:
    """Print clips a second of training steps after the first, forward and backward."""
    import time

    from pipelines.nn import hardware

    hardware.set_up()
    import keras
    import numpy as np

    from pipelines.nn.datasets import LABEL, WINDOW
    from pipelines.nn.heads import Classifier
    from pipelines.nn.training import Trainer

    random = np.random.default_rng(1)
    head = Classifier(CLASSES)
    stored = how == "stored features"
    batch, batches = (32, 30) if stored else (2, 2)
    source: Any
    if stored:
        source = read = keras.Input((FRAMES, COMPONENTS), name=WINDOW)
        inputs = random.normal(size=(batch, FRAMES, COMPONENTS)).astype(np.float32)
    else:
        network = keras.applications.ResNet50(weights=None, include_top=False, pooling="avg", input_shape=(224, 224, 3))
        network.trainable = False
        source = keras.Input((FRAMES, 224, 224, 3), name=WINDOW)
        read = keras.layers.TimeDistributed(network)(source)
        inputs = random.normal(size=(batch, FRAMES, 224, 224, 3)).astype(np.float32)
    hidden = keras.layers.LSTM(64, return_sequences=True)(read)
    trainer = Trainer(keras.Model({WINDOW: source}, head.output(keras.layers.GRU(48)(hidden))), head)
    trainer.compile(optimizer=keras.optimizers.Adam(1e-3), jit_compile=False)
    targets = {LABEL: np.zeros(batch, np.int32)}
    trainer.train_on_batch({WINDOW: inputs}, targets)  # traces and compiles
    began = time.perf_counter()
    for _ in range(batches):
        trainer.train_on_batch({WINDOW: inputs}, targets)
    _print(batch * batches / (time.perf_counter() - began))


# Decoding


def write(folder: Path, height: int, width: int, frames: int, count: int) -> None:
    """Write `count` clips of noise that moves."""
    import numpy as np

    from pipelines.tasks.video.encoding import write_clip

    random = np.random.default_rng(1)
    for index in range(count):
        picture = (
            random.integers(0, 255, (height // 8, width // 8, 3)).repeat(8, axis=0).repeat(8, axis=1).astype(np.uint8)
        )
        moved = np.stack([np.roll(picture, 2 * frame, axis=1) for frame in range(frames)])
        write_clip(folder / f"{index:03}.mp4", moved, 25)


def decode(how: str, folder: str, times: int) -> None:
    """Print clips a second."""
    import time

    files = sorted(Path(folder).glob("*.mp4")) * times
    began = time.perf_counter()
    if how == "opencv":
        shapes = {_with_opencv(file) for file in files}
    else:
        from pipelines.sources.parallel import parallel_map

        shapes = set(parallel_map(_with_gatehouse, files, "clips"))
    assert shapes == {(FRAMES, SIDE, SIDE, 3)}, shapes
    _print(len(files) / (time.perf_counter() - began))


def _with_opencv(file: Path) -> tuple[int, ...]:
    import numpy as np

    cv2: Any = importlib.import_module("cv2")

    capture = cv2.VideoCapture(str(file))
    pictures = []
    while True:
        there, picture = capture.read()
        if not there:
            break
        pictures.append(picture)
    chosen = ((np.arange(FRAMES) + 0.5) / FRAMES * len(pictures)).astype(int)
    small = [cv2.resize(pictures[index], (SIDE, SIDE), interpolation=cv2.INTER_AREA) for index in chosen]
    return np.stack([cv2.cvtColor(picture, cv2.COLOR_BGR2RGB) for picture in small]).shape


def _with_gatehouse(file: Path) -> tuple[int, ...]:
    from pipelines.tasks.video import decoding

    return decoding.read(file, FRAMES, [SIDE])[0].shape


if __name__ == "__main__":
    main()
