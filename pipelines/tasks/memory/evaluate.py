"""The answers of the trained networks, and what became of their gradients and gates."""

from pathlib import Path

import keras
import numpy as np

from pipelines.analysis import gates
from pipelines.contract import Array, Batch, Dataset, Evaluation, Predictions
from pipelines.nn import inference, views
from pipelines.nn.datasets import evenly_spaced
from pipelines.nn.heads import Head
from pipelines.tasks.memory.backpropagation import state_gradients
from pipelines.tasks.memory.data import Problem, stored
from pipelines.tasks.memory.params import Params
from pipelines.tasks.memory.problems import ADDING, BLANK, COPY, TOKENS
from pipelines.tasks.memory.records import BeforeAfter, Illustration
from pipelines.tasks.memory.score import METRICS, score
from pipelines.tasks.memory.train import Meta, datasets, head

__all__ = ["AVERAGED", "METRICS", "Meta", "datasets", "evaluate", "head", "illustrate", "predictions", "view"]
AVERAGED = ()
"""Errors of different problems cannot be averaged."""


def predictions(
    network: keras.Model, head: Head, meta: Meta, target: str, dataset: Dataset, params: Params
) -> Predictions:
    """(examples, 1) sums, (examples, time, tokens) or (examples, classes) logits."""
    return inference.predictions(network, dataset)


def evaluate(
    prepared: Path, meta: Meta, target: str, split: str, predictions: Predictions, params: Params
) -> Evaluation:
    """Score the outputs as answers to the problem."""
    problem = meta.targets[target]
    outputs = np.concatenate([prediction.outputs for prediction in predictions])
    return score(problem, stored(prepared, target, problem, split).answers, given(problem, outputs))


def given(problem: Problem, outputs: Array) -> Array:
    """Outputs as answers: sums, or probabilities."""
    return outputs if problem.problem == ADDING else np.exp(inference.log_probabilities(outputs))


def view(network: keras.Model, head: Head, meta: Meta, target: str) -> views.View:
    """The network itself; nothing to read is a blank, or a black pixel."""
    problem = meta.targets[target]
    if problem.problem == ADDING:
        return views.of_window(network, head)
    if problem.problem == COPY:
        return views.of_window(network, head, np.eye(TOKENS, dtype=np.float32)[BLANK], "a blank")
    return views.of_window(network, head, np.array([-problem.mean / problem.std], np.float32), "a black pixel")


def illustrate(
    network: keras.Model, head: Head, prepared: Path, meta: Meta, target: str, params: Params, files: Path
) -> Illustration:
    """Gradients of the loss over the steps, and the gate that keeps the memory, before and after training."""
    problem = meta.targets[target]
    keras.utils.set_random_seed(params.train.seeds[0])
    untrained = keras.models.clone_model(network)
    batch = evenly_spaced(stored(prepared, target, problem, "test"), params.evaluate.gradient_windows)
    gradient = BeforeAfter(*(state_gradients(one, head, batch).mean(0) for one in (untrained, network)))
    before, after = (_kept(one, batch) for one in (untrained, network))
    if before is None or after is None:
        return Illustration(gradient, None, None)
    by_unit = BeforeAfter(np.sort(before.mean((0, 1))), np.sort(after.mean((0, 1))))
    return Illustration(gradient, BeforeAfter(before.mean((0, 2)), after.mean((0, 2))), by_unit)


def _kept(network: keras.Model, batch: Batch) -> Array | None:
    """How much of the memory of the last layer is kept, (examples, time, units)."""
    traces = gates.trace(network, batch.inputs).traces
    return traces[-1].carry if traces else None
