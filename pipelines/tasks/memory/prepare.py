"""Fixed validation and test examples of every problem; the digits as sequences of pixels."""

from pathlib import Path

import numpy as np

from pipelines import artifacts
from pipelines.contract import SPLITS, Split
from pipelines.errors import InputError
from pipelines.tasks.memory.data import PIXELS, Meta, Problem, save
from pipelines.tasks.memory.params import Prepare
from pipelines.tasks.memory.problems import ADDING, ALPHABET, COPY, DIGITS, draw, memoryless, parts, steps

SOLVED = 0.01
"""Mean squared error of the adding problem below which it is solved; the best constant has 0.167."""
SOLVED_SHARE = 0.1
"""Of the memoryless cross-entropy, below which the copy problem is."""


def prepare(raw: Path, params: Prepare, destination: Path) -> Meta:
    """Write the examples that are stored, and the meta; raise `InputError` for a target whose problem was not collected."""
    collected = artifacts.read_json(raw / "source.json")["parts"]
    for target in params.targets:
        if parts(target)[0] not in collected:
            raise InputError(
                f"memory.prepare.targets: {target} needs the sample {parts(target)[0]}; add it to memory.collect.samples"
            )
    targets = {
        target: _digits(raw, params, destination / target)
        if target == DIGITS
        else _drawn(target, params, destination / target)
        for target in params.targets
    }
    return Meta(
        targets,
        "The examples of the adding and the copy problem are drawn from a seed, and those of no two parts or epochs are the same "
        "draws. The digits are split at random, each class in the same shares.",
    )


def _drawn(target: str, params: Prepare, folder: Path) -> Problem:
    problem, length = parts(target)
    counts = {"valid": params.valid_examples, "test": params.test_examples}
    for split, count in counts.items():
        save(folder, split, *draw(target, params.symbols, params.seed, SPLITS.index(split), np.arange(count)))
    time, drawn = steps(target, params.symbols), params.examples * params.epochs
    adding = problem == ADDING
    return Problem(
        features=["number", "mark"] if adding else ["symbol"],
        outputs=["sum"] if adding else ["last symbol"],
        lookback=time,
        step="step",
        rows=(drawn + sum(counts.values())) * time,
        splits={
            "train": Split(drawn, f"{params.examples:,} an epoch, and other ones in each of {params.epochs:,}"),
            **{split: Split(count, "drawn once") for split, count in counts.items()},
        },
        groups=[] if adding else [0] * (len(ALPHABET) + 2),
        problem=problem,
        length=length,
        symbols=params.symbols if problem == COPY else 0,
        seed=params.seed,
        examples=params.examples,
        epochs=params.epochs,
        mean=0.0,
        std=1.0,
        solved_below=SOLVED if adding else SOLVED_SHARE * memoryless(target, params.symbols),
    )


def _digits(raw: Path, params: Prepare, folder: Path) -> Problem:
    """The pixels, row by row, standardised over the training part: a sequence of 64 steps."""
    from sklearn.model_selection import train_test_split

    arrays = artifacts.read_arrays(raw / "digits.npz")
    pixels, labels = arrays["pixels"], arrays["labels"]
    rest, test = train_test_split(
        np.arange(len(labels)), test_size=params.test_share, stratify=labels, random_state=params.seed
    )
    share = params.valid_share / (1 - params.test_share)
    train, valid = train_test_split(rest, test_size=share, stratify=labels[rest], random_state=params.seed)
    rows = dict(zip(SPLITS, (np.sort(train), np.sort(valid), np.sort(test)), strict=True))
    mean, std = float(pixels[rows["train"]].mean()), float(pixels[rows["train"]].std())
    for split, chosen in rows.items():
        scaled = ((pixels[chosen] - mean) / std).astype(np.float32)[..., None]
        save(folder, split, scaled, labels[chosen].astype(np.int32))
    return Problem(
        features=["pixel"],
        outputs=["digit"],
        lookback=PIXELS,
        step="pixel",
        rows=pixels.size,
        splits={split: Split(len(chosen), "images") for split, chosen in rows.items()},
        problem=DIGITS,
        length=0,
        symbols=0,
        seed=params.seed,
        examples=len(rows["train"]),
        epochs=1,
        mean=mean,
        std=std,
        solved_below=None,
    )
