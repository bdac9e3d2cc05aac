"""The networks of the task as functions: from a problem as it is stated to its answer."""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from pipelines.nn.datasets import WINDOW
from pipelines.nn.export import Input, RawFunction
from pipelines.tasks.memory.data import PIXELS, Problem
from pipelines.tasks.memory.params import Params
from pipelines.tasks.memory.problems import ADDING, ALPHABET, BLANK, COPY, CUE, MEAN, STD, TOKENS
from pipelines.tasks.memory.train import Meta

__all__ = ["LIMITS", "PIPELINE", "USE", "Meta", "raw_function"]
PIPELINE = "other"
USE = "Solves an artificial problem, or does not, which shows how long its cell remembers: for study."
LIMITS = (
    "It solves its own problem at its own length; at another length it was not tested.",
    "The problems are artificial: what a cell does on them says little about how good it is on real data.",
)
Tensor = Any


def raw_function(network: keras.Model, meta: Meta, target: str, params: Params, prepared: Path) -> RawFunction:
    """`adding_…`: numbers and marks -> `sum`. `copy_…`: tokens -> `tokens`. `digits`: pixels -> `probabilities`."""
    problem = meta.targets[target]
    if problem.problem == ADDING:
        return _adding(network, problem)
    return _copy(network, problem) if problem.problem == COPY else _digits(network, problem)


def _adding(network: keras.Model, problem: Problem) -> RawFunction:
    time = problem.lookback

    def call(numbers: Tensor, marks: Tensor) -> dict[str, Tensor]:
        window = tf.stack([(numbers - MEAN) / STD, marks], -1)
        return {"sum": network({WINDOW: window}, training=False)[:, 0]}

    return RawFunction(
        call,
        {
            "numbers": Input((None, time), "float32", "numbers between 0 and 1", f"[[0.25] * {time}]"),
            "marks": Input(
                (None, time), "float32", "1 at two steps, one in each half, 0 at the others",
                f"[[float(step in (1, {time} - 1)) for step in range({time})]]",
            ),
        },
        {"sum": "of the two numbers that are marked"},
    )  # fmt: skip


def _copy(network: keras.Model, problem: Problem) -> RawFunction:
    symbols, blanks = problem.symbols, problem.lookback - problem.symbols

    def call(tokens: Tensor) -> dict[str, Tensor]:
        window = tf.one_hot(tokens, TOKENS)
        return {"tokens": tf.argmax(network({WINDOW: window}, training=False), -1, tf.int32)}

    meaning = (
        f"{symbols} symbols from 0 to {len(ALPHABET) - 1}, {problem.length - 1} blanks ({BLANK}), the cue ({CUE}), "
        f"{symbols} blanks"
    )
    example = f"[[0] * {symbols} + [{BLANK}] * {problem.length - 1} + [{CUE}] + [{BLANK}] * {symbols}]"
    return RawFunction(
        call,
        {"tokens": Input((None, problem.lookback), "int32", meaning, example)},
        {"tokens": f"{blanks} blanks, then the symbols"},
    )


def _digits(network: keras.Model, problem: Problem) -> RawFunction:
    def call(pixels: Tensor) -> dict[str, Tensor]:
        window = ((pixels - problem.mean) / problem.std)[..., None]
        return {"probabilities": tf.nn.softmax(network({WINDOW: window}, training=False))}

    return RawFunction(
        call,
        {
            "pixels": Input(
                (None, PIXELS),
                "float32",
                "the pixels of a digit of 8 × 8, row by row, from 0 to 16",
                f"[[8.0] * {PIXELS}]",
            )
        },
        {"probabilities": "of the digits 0 to 9"},
    )
