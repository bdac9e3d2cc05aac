"""Scores of the answers to each problem."""

from dataclasses import dataclass

import numpy as np

from pipelines.contract import Array, Evaluation, Floats, Metric
from pipelines.tasks.memory.data import Problem
from pipelines.tasks.memory.problems import ADDING, COPY

METRICS = {
    metric.name: metric
    for metric in (
        Metric("mse", "MSE"),
        Metric("within", "within 0.04", lower_is_better=False),
        Metric("nats_per_step", "nats per step"),
        Metric("recalled", "symbols recalled", lower_is_better=False),
        Metric("accuracy", "accuracy", lower_is_better=False),
        Metric("log_loss", "log loss"),
    )
}
CONSTANT, MEMORYLESS, FREQUENT = "best constant", "memoryless", "class frequencies"
"""Baselines that see nothing of a sequence."""
NEAR = 0.04
"""Error of a sum that counts as right, as in Hochreiter & Schmidhuber 1997."""
LEAST = 1e-15
"""A smaller probability counts as this one, so that no loss is infinite."""


@dataclass(frozen=True)
class Answers:
    """The answers of one seed, or of a baseline."""

    given: Array
    """Sums (items,), the tokens after the cue (items, symbols), or classes (items,)."""
    right: Array


def score(problem: Problem, answers: Array, given: Floats) -> Evaluation:
    """Score what is `given` to the problem, whose right `answers` are as stored.

    `given`: sums (items, 1); probabilities of every step (items, time, tokens); probabilities of the classes (items, classes).
    """
    if problem.problem == ADDING:
        errors = given[:, 0].astype(np.float64) - answers[:, 0]
        metrics = {"mse": float((errors**2).mean()), "within": float((np.abs(errors) <= NEAR).mean())}
        return Evaluation(metrics, errors**2, Answers(given[:, 0], np.asarray(answers[:, 0])))
    chosen = np.take_along_axis(given, answers[..., None], axis=-1)[..., 0]
    losses = -np.log(np.maximum(chosen.astype(np.float64), LEAST))
    if problem.problem == COPY:
        record = Answers(given[:, -problem.symbols :].argmax(-1), np.asarray(answers[:, -problem.symbols :]))
        recalled = float((record.given == record.right).mean())
        return Evaluation({"nats_per_step": float(losses.mean()), "recalled": recalled}, losses.mean(1), record)
    record = Answers(given.argmax(-1), np.asarray(answers))
    accuracy = float((record.given == record.right).mean())
    return Evaluation({"accuracy": accuracy, "log_loss": float(losses.mean())}, losses, record)
