"""What can be had without a memory: the best constant, and a regression on the last ten steps."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from pipelines.contract import Array, Evaluation, Floats, Indices
from pipelines.nn.datasets import WINDOW
from pipelines.tasks.memory.data import ANSWERS, Meta, Problem, datasets
from pipelines.tasks.memory.params import Params
from pipelines.tasks.memory.problems import ADDING, ALPHABET, BLANK, COPY, TOKENS
from pipelines.tasks.memory.score import CONSTANT, FREQUENT, MEMORYLESS, score

__all__ = ["Meta", "baselines"]
LAST = 10
"""Steps that the regressions see."""
LAST_STEPS, PIXELS = "last ten steps", "regression on all pixels"
FITTED = 2000
"""Training examples of which a baseline is estimated, at most."""
FITTED_SEQUENCES = 200
"""The same, where every step of an example is one."""
Examples = tuple[Array, Array]


def baselines(prepared: Path, meta: Meta, target: str, params: Params) -> dict[str, Callable[[], Evaluation]]:
    """A constant or the frequencies, and a linear model of the last ten steps; for digits one of all pixels too."""
    problem = meta.targets[target]
    splits = datasets(prepared, meta, target)

    def examples(split: str, most: int | None = None) -> Examples:
        count = min(len(splits[split]), problem.examples if split == "train" else len(splits[split]), most or 10**9)
        rows: Indices = np.arange(count)
        batch = splits[split].batch(rows)
        return batch.inputs[WINDOW], batch.targets[ANSWERS[problem.problem]]

    def scored(estimate: Callable[[Problem, Examples, Array], Floats], most: int) -> Evaluation:
        windows, answers = examples("test")
        return score(problem, answers, estimate(problem, examples("train", most), windows))

    methods = {
        ADDING: {CONSTANT: _constant, LAST_STEPS: _last_steps_sum},
        COPY: {MEMORYLESS: _memoryless, LAST_STEPS: _last_steps_copy},
    }.get(problem.problem, {FREQUENT: _frequencies, LAST_STEPS: _last_pixels, PIXELS: _all_pixels})
    most = FITTED_SEQUENCES if problem.problem == COPY else FITTED
    return {name: partial(scored, method, most) for name, method in methods.items()}


# Adding


def _constant(problem: Problem, train: Examples, windows: Array) -> Floats:
    """The mean sum."""
    return np.full((len(windows), 1), float(train[1].mean()))


def _last_steps_sum(problem: Problem, train: Examples, windows: Array) -> Floats:
    """Ridge regression on numbers, marks and their products."""
    from sklearn.linear_model import Ridge

    def features(windows: Array) -> Array:
        last = windows[:, -LAST:]
        return np.concatenate([last, last[..., :1] * last[..., 1:]], -1).reshape(len(windows), -1)

    predicted: Floats = Ridge().fit(features(train[0]), train[1][:, 0]).predict(features(windows))
    return predicted[:, None]


# Copying


def _memoryless(problem: Problem, train: Examples, windows: Array) -> Floats:
    """Blanks up to the cue, then every symbol with the same probability."""
    given = np.zeros((*windows.shape[:2], TOKENS))
    given[:, : -problem.symbols, BLANK] = 1
    given[:, -problem.symbols :, : len(ALPHABET)] = 1 / len(ALPHABET)
    return given


def _last_steps_copy(problem: Problem, train: Examples, windows: Array) -> Floats:
    """Logistic regression of a step's token on what was read in the last ten; blanks before the first."""
    from sklearn.linear_model import LogisticRegression

    def features(windows: Array) -> Array:
        before = np.zeros((len(windows), LAST - 1, TOKENS), np.float32)
        before[..., BLANK] = 1
        whole = np.concatenate([before, windows], axis=1)
        seen = [whole[:, step : step + windows.shape[1]] for step in range(LAST)]
        return np.concatenate(seen, axis=-1).reshape(-1, LAST * TOKENS)

    model = LogisticRegression(max_iter=1000).fit(features(train[0]), train[1].reshape(-1))
    given = np.zeros((len(windows) * windows.shape[1], TOKENS))
    given[:, model.classes_] = model.predict_proba(features(windows))
    return given.reshape(*windows.shape[:2], TOKENS)


# Digits


def _frequencies(problem: Problem, train: Examples, windows: Array) -> Floats:
    """How often each class is in training."""
    counts = np.bincount(train[1])
    return np.tile(counts / counts.sum(), (len(windows), 1))


def _last_pixels(problem: Problem, train: Examples, windows: Array) -> Floats:
    """Logistic regression on the last ten pixels."""
    return _logistic((train[0][:, -LAST:], train[1]), windows[:, -LAST:])


def _all_pixels(problem: Problem, train: Examples, windows: Array) -> Floats:
    """Logistic regression on all of them, which needs no memory, as it sees them at once."""
    return _logistic(train, windows)


def _logistic(train: Examples, windows: Array) -> Floats:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=5000).fit(train[0].reshape(len(train[0]), -1), train[1])
    probabilities: Floats = model.predict_proba(windows.reshape(len(windows), -1))
    return probabilities
