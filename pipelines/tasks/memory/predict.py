"""`predict memory`: an example drawn from a seed, and what the trained networks answer."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from pipelines.errors import UsageError
from pipelines.params.blocks import Seed
from pipelines.predict import Prediction, argument_type

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.contract import Array
    from pipelines.predict import TrainedNetworks
    from pipelines.tasks.memory.data import Problem


def arguments(parser: argparse.ArgumentParser) -> None:
    """The problem, and the seed of its example."""
    parser.add_argument("--target", metavar="NAME", help="the problem, such as adding_200; without it, every one")
    parser.add_argument(
        "--seed", type=argument_type(Seed), default=0, metavar="N", help="of the example, which no training has seen"
    )


def predict(trained: "TrainedNetworks", options: argparse.Namespace) -> Iterator[Prediction]:
    """The right answer of each example, and that of the networks of all seeds; raise `UsageError` for an unknown target."""
    from pipelines.tasks.memory.data import Meta

    targets = trained.meta(Meta).targets
    if options.target is not None and options.target not in targets:
        raise UsageError(f"memory has no target {options.target!r}; its targets are {', '.join(targets)}")
    for name in [options.target] if options.target else targets:
        yield _answer(trained, name, targets[name], options.seed)


def _answer(trained: "TrainedNetworks", target: str, problem: "Problem", seed: int) -> Prediction:
    from pipelines import paths
    from pipelines.nn.datasets import WINDOW
    from pipelines.nn.inference import log_probabilities
    from pipelines.tasks.memory.problems import ADDING, COPY, MEAN, STD

    window, right = _example(paths.prepared(trained.task), target, problem, seed)
    outputs = np.concatenate(list(trained.outputs(target, {WINDOW: window[None]})))
    model = trained.model(target)
    values = {"target": target, "model": model, "seed": seed}
    if problem.problem == ADDING:
        marked = np.flatnonzero(window[:, 1])
        numbers = window[marked, 0] * STD + MEAN
        mean, std = float(outputs.mean()), float(outputs.std())
        asked = " and ".join(f"{number:.4f} (step {step + 1})" for number, step in zip(numbers, marked, strict=True))
        text = f"to add {asked} of {len(window)} steps\nright: {float(right[0]):.4f}\n{model}: {mean:.4f} ± {std:.2g}"
        values |= {"marked": numbers.tolist(), "steps": (marked + 1).tolist(), "right": float(right[0])}
        return Prediction({**values, "answer": mean, "std": std}, f"{target}: {text}")
    probabilities = np.exp(log_probabilities(outputs)).mean(0)
    if problem.problem == COPY:
        word, answer = (_letters(tokens[-problem.symbols :]) for tokens in (right, probabilities.argmax(-1)))
        text = f"right: {word}\n{model}: {answer}"
        return Prediction(
            {**values, "right": word, "answer": answer},
            f"{target}: to copy after a delay of {problem.length} steps\n{text}",
        )
    digit, chosen = int(right), int(probabilities.argmax())
    share = float(probabilities[chosen])
    text = f"image {seed % problem.splits['test'].windows} of the test part\nright: {digit}\n{model}: {chosen} ({share:.1%})"
    return Prediction({**values, "right": digit, "answer": chosen, "probability": share}, f"{target}: {text}")


def _example(prepared: "Path", target: str, problem: "Problem", seed: int) -> "tuple[Array, Array]":
    """What is drawn from the seed; of digits, which cannot be drawn, the test image of that number, counted round."""
    from pipelines.tasks.memory.data import stored
    from pipelines.tasks.memory.problems import ASKED, DIGITS, example

    if problem.problem != DIGITS:
        return example(target, problem.symbols, problem.seed, ASKED, seed)
    test = stored(prepared, target, problem, "test")
    return np.asarray(test.windows[seed % len(test)]), np.asarray(test.answers[seed % len(test)])


def _letters(tokens: "Array") -> str:
    """Tokens as letters; a dot for what is none."""
    from pipelines.tasks.memory.problems import ALPHABET

    return "".join(ALPHABET[token] if token < len(ALPHABET) else "." for token in tokens)
