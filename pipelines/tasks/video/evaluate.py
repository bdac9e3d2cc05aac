"""Classes of the test clips by the trained networks, after each of their frames."""

from pathlib import Path

import keras
import numpy as np

from pipelines.classification.records import Classified
from pipelines.classification.score import LEAST, METRICS, score
from pipelines.contract import Array, BatchPrediction, Dataset, Evaluation, Floats, Predictions
from pipelines.nn import datasets as nn_datasets
from pipelines.nn import inference
from pipelines.nn.heads import Head
from pipelines.nn.views import SEQUENCE, View
from pipelines.tasks.video.data import table_of
from pipelines.tasks.video.illustrate import illustrate
from pipelines.tasks.video.network import parts
from pipelines.tasks.video.params import Params
from pipelines.tasks.video.records import ClassifiedClips
from pipelines.tasks.video.running import Running
from pipelines.tasks.video.train import Meta, datasets, head

__all__ = ["AVERAGED", "METRICS", "Meta", "datasets", "evaluate", "head", "illustrate", "predictions", "view"]
AVERAGED = ()
BATCH = 128


def predictions(
    network: keras.Model, head: Head, meta: Meta, target: str, dataset: Dataset, params: Params
) -> Predictions:
    """Logits after each frame, (batch, time, classes)."""
    running = Running(network)
    for indices in nn_datasets.in_order(dataset, BATCH):
        yield BatchPrediction(indices, running.logits(dataset.batch(indices).inputs))


def evaluate(
    prepared: Path, meta: Meta, target: str, split: str, predictions: Predictions, params: Params
) -> Evaluation:
    """Score the logits after the last frame against the labels, in the order of the table; and count how many are right before."""
    table = table_of(prepared)
    clips = table[table["split"] == split]
    classes = meta.label.classes
    labels = clips["label"].map({label: number for number, label in enumerate(classes)}).to_numpy()
    log_probabilities = np.zeros((len(labels), meta.label.lookback, len(classes)))
    for prediction in predictions:
        log_probabilities[prediction.indices] = inference.log_probabilities(prediction.outputs)
    scored = score(labels, np.exp(log_probabilities[:, -1]), classes, clips["file"].tolist())
    return Evaluation(scored.metrics, scored.losses, _record(scored.record, labels, log_probabilities))


def _record(scored: Classified, labels: Array, log_probabilities: Floats) -> ClassifiedClips:
    """What charts draw; `log_probabilities` is (clips, frames, classes)."""
    right = log_probabilities.argmax(-1) == labels[:, None]
    own = np.take_along_axis(log_probabilities, labels[:, None, None], -1)[..., 0]
    no_clip = np.full(right.shape[1], np.nan)
    by_class = [
        right[labels == label].mean(0) if (labels == label).any() else no_clip for label in range(len(scored.classes))
    ]
    return ClassifiedClips(
        scored.classes,
        scored.confusion,
        scored.calibration,
        scored.mistakes,
        early_accuracy=right.mean(0),
        early_log_loss=-np.maximum(own, np.log(LEAST)).mean(0),
        early_by_class=np.stack(by_class),
    )


def view(network: keras.Model, head: Head, meta: Meta, target: str) -> View:
    """From what the recurrent layers read to the log-probability of every class; an absent frame is replaced by the mean of training."""
    reader, after = parts(network)
    return View(
        keras.Model(after.input, head.explained(after.output)),
        lambda inputs: {SEQUENCE: reader.predict_on_batch(inputs)},
        head.importance,
        None,
        "an average frame of the training part",
    )
