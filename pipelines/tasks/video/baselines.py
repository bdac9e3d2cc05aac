"""Logistic regression of features that know no order of the frames, or only that of neighbours."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.classification.score import score
from pipelines.contract import SPLITS, Evaluation
from pipelines.nn.datasets import WINDOW
from pipelines.tasks.video.data import MEAN, Meta, datasets, table_of
from pipelines.tasks.video.params import Params

__all__ = ["Meta", "baselines"]
ITERATIONS = 300
"""Of L-BFGS; the loss hardly changes after so many."""
Features = Callable[[NDArray[np.float32]], NDArray[Any]]


def single(windows: NDArray[np.float32]) -> NDArray[Any]:
    """The features of the frame in the middle."""
    return windows[:, windows.shape[1] // 2]


def mean(windows: NDArray[np.float32]) -> NDArray[Any]:
    """The mean over all frames."""
    return windows.mean(1)


def differences(windows: NDArray[np.float32]) -> NDArray[Any]:
    """The mean, and the mean magnitude, of the differences between neighbouring frames."""
    changes = np.diff(windows, axis=1)
    return np.concatenate([changes.mean(1), np.abs(changes).mean(1)], axis=1)


def baselines(prepared: Path, meta: Meta, target: str, params: Params) -> dict[str, Callable[[], Evaluation]]:
    """One frame, the mean of all, and the differences of neighbours, each with logistic regression (its strength chosen in validation)."""
    clips = datasets(prepared, meta, target)
    table = table_of(prepared)
    files = table.loc[table["split"] == "test", "file"].tolist()

    def scored(features: Features) -> Evaluation:
        inputs = {
            split: features(clips[split].reading([WINDOW]).batch(np.arange(len(clips[split]))).inputs[WINDOW])
            for split in SPLITS
        }
        labels = {split: clips[split].labels for split in SPLITS}
        probabilities = fitted(inputs, labels, params.baselines.inverse_regularisation)
        return score(labels["test"], probabilities, meta.label.classes, files)

    return {
        "single frame": lambda: scored(single),
        MEAN: lambda: scored(mean),
        "frame differences": lambda: scored(differences),
    }


def fitted(
    inputs: dict[str, NDArray[Any]], labels: dict[str, NDArray[np.int32]], strengths: tuple[float, ...]
) -> NDArray[np.float64]:
    """Probabilities of the test part by multinomial logistic regression; inputs are standardised by the training part."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def fit(strength: float) -> Any:
        classifier = LogisticRegression(C=strength, max_iter=ITERATIONS)
        return make_pipeline(StandardScaler(), classifier).fit(inputs["train"], labels["train"])

    def loss(classifier: Any) -> float:
        return float(log_loss(labels["valid"], classifier.predict_proba(inputs["valid"]), labels=classifier.classes_))

    probabilities: NDArray[np.float64] = min(map(fit, strengths), key=loss).predict_proba(inputs["test"])
    return probabilities
