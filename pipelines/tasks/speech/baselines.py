"""Without a network: the most frequent transcript, and the nearest training utterance, in one of its variants, by dynamic
time warping."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.contract import Array, Evaluation, Floats
from pipelines.tasks.speech.data import Meta, Utterances, datasets, table_of
from pipelines.tasks.speech.params import Params
from pipelines.tasks.speech.score import score

__all__ = ["Meta", "baselines"]
MOST_TEMPLATES = 200
MOST_PAIRS = 150_000
"""Comparisons of a test utterance with a template: some tenths of a millisecond each."""
COEFFICIENTS = 13
"""Of the cosine transform over the bands, as for MFCC; the first, loudness, is left out."""


def baselines(prepared: Path, meta: Meta, target: str, params: Params) -> dict[str, Callable[[], Evaluation]]:
    """Each transcribes every test utterance; one of several words gets the nearest template's text, which may be one word."""
    training, test = table_of(prepared, "train"), table_of(prepared, "test")

    def scored(texts: list[str]) -> Evaluation:
        return score(
            test["text"].tolist(),
            texts,
            test["speaker"].tolist(),
            test["seconds"].to_numpy(),
            params.evaluate.bootstrap,
        )

    def most_frequent() -> Evaluation:
        counts = Counter(training["text"])
        best = min(counts, key=lambda text: (-counts[text], text))
        return scored([best] * len(test))

    def nearest() -> Evaluation:
        examples = datasets(prepared, meta, target)
        count = min(MOST_TEMPLATES, max(1, MOST_PAIRS // len(test)))
        chosen = templates(training, params.baselines.templates, count)
        train = examples["train"]
        first = np.unique(train.order // meta.transcript.prepare.augment.variants, return_index=True)[
            1
        ]  # one variant of each
        known = [cepstra(train, int(first[row])) for row in chosen]
        texts = training["text"].iloc[chosen].tolist()
        return scored([texts[_nearest(cepstra(examples["test"], index), known)] for index in range(len(test))])

    return {"most frequent transcript": most_frequent, "nearest template": nearest}


def templates(table: pd.DataFrame, of_each: int, count: int) -> list[int]:
    """Rows of `count` training utterances at most, `of_each` of a text, of the most frequent texts first."""
    counts = Counter(table["text"])
    rows: list[int] = []
    for text in sorted(counts, key=lambda text: (-counts[text], text)):
        of_text = table.index[table["text"] == text].to_numpy()
        rows += of_text[np.unique(np.linspace(0, len(of_text) - 1, of_each).astype(int))].tolist()
        if len(rows) >= count:
            break
    return rows[:count]


def cepstra(dataset: Utterances, index: int) -> Floats:
    """(coefficients, steps) of an example: each step the mean of `stride` frames."""
    import scipy.fft

    spectrogram = dataset.spectrogram(index).astype(np.float64)
    stride = dataset.target.prepare.stride
    steps = np.add.reduceat(spectrogram, np.arange(0, len(spectrogram), stride)) / stride
    return np.ascontiguousarray(scipy.fft.dct(steps, norm="ortho")[:, 1:COEFFICIENTS].T)


def _nearest(utterance: Array, known: list[Floats]) -> int:
    """The template with the lowest cost of warping a step of both (Sakoe & Chiba 1978)."""
    import librosa

    costs = []
    for template in known:
        total = librosa.sequence.dtw(utterance, template, backtrack=False)[-1, -1]
        costs.append(total / (utterance.shape[1] + template.shape[1]))
    return int(np.argmin(costs))
