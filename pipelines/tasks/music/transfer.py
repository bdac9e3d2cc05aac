"""Style transfer: new keys to a melody, frame by frame and from the highest key down."""

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines.contract import Indices
from pipelines.nn.datasets import WINDOW
from pipelines.nn.inference import Stepper
from pipelines.tasks.music import rolls
from pipelines.tasks.music.data import Rolls
from pipelines.tasks.music.midi import KEYS

TEMPERATURE = 1.0
"""For drawing the keys of a piece in another style."""
UNLIKELY = -2.5
"""Log-odds below which a key is never drawn: among 88, keys that are unlikely one by one would often be drawn together."""


def transfer(network: keras.Model, examples: Rolls, indices: Indices, temperature: float, seed: int) -> rolls.Roll:
    """New keys to the melodies of the examples at `indices`, in the style that `examples` gives them: (batch, window, 88).

    In every frame the melody is kept, moved by octaves into the range of the style, and the keys below it are drawn from the
    highest down, each knowing those above it; the frame is the network's next input. The last layer is `NoteByNote`. The network
    is asked for as many keys as the style usually has. A repeated melody note is struck again.
    """
    # The keys of a frame are drawn one after the other here, so its last layer is left out.
    stepper = Stepper(keras.Model(network.input, network.get_layer("logits").output))
    below = np.tril(np.asarray(network.get_layer("notes").kernel), -1)
    cells = examples.cells(indices, examples.ahead or 0)
    style = examples.table["style"][indices]
    melody, struck = rolls.melody(cells[:, 1:])
    voices = np.where(melody >= 0, np.array([voicing.voices for voicing in examples.voicings])[style, None], 0)
    seen = examples.seen(cells, style, voices[:, : examples.window])
    melody = np.stack(
        [examples.voicings[style_index].fold(keys) for style_index, keys in zip(style, melody, strict=True)]
    )
    random = np.random.default_rng(seed)
    rows = np.arange(len(cells))
    drawn = np.zeros((len(cells), seen.shape[1], KEYS), np.uint8)
    states = None
    for time in range(seen.shape[1]):
        if time:
            seen[:, time, :KEYS] = drawn[:, time - 1] > 0
        logits, states = stepper({WINDOW: seen[:, time : time + 1]}, states)
        now = _draw_below(logits.numpy()[:, 0].astype(np.float64), melody[:, time], below, temperature, random)
        drawn[:, time] = np.where(now, np.where(seen[:, time, :KEYS] > 0, rolls.SOUNDING, rolls.STRUCK), 0)
        again = (melody[:, time] >= 0) & struck[:, time]
        drawn[rows[again], time, melody[again, time]] = rolls.STRUCK
    return drawn


def _draw_below(
    logits: NDArray[np.float64],
    top: Indices,
    below: NDArray[np.float32],
    temperature: float,
    random: np.random.Generator,
) -> NDArray[np.bool_]:
    """Which keys sound (batch, keys), none above `top`: from there down, what is drawn changes the logits of the keys below."""
    logits = np.where(np.arange(KEYS) > top[:, None], -np.inf, logits)
    rows = np.flatnonzero(top >= 0)
    logits[rows, top[rows]] = np.inf
    limits = np.maximum(temperature * random.logistic(size=logits.shape), UNLIKELY)
    sounding = np.zeros(logits.shape, bool)
    for key in reversed(range(KEYS)):
        sounding[:, key] = logits[:, key] > limits[:, key]
        if sounding[:, key].any():
            logits[:, :key] += sounding[:, key, None] * below[key, :key]
    return sounding
