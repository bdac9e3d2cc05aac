"""The block `memory`."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from pipelines.params.blocks import (
    Block,
    Count,
    Different,
    Evaluate,
    FaultError,
    Frozen,
    Model,
    NoBaselines,
    Seed,
    Shares,
    Train,
)
from pipelines.printing import quoted
from pipelines.tasks.memory.problems import TARGETS


def _known(target: str) -> str:
    if target not in TARGETS:
        raise ValueError(f"there is no problem {quoted(target)}; there are {', '.join(TARGETS)}")
    return target


class MemoryCollect(Frozen):
    """The problems, of which only the digits are data."""

    samples: Different[str]


class Prepare(Shares):
    """Which problems there are, and how many examples; the shares are of the digits."""

    targets: Different[Annotated[str, AfterValidator(_known)]]
    seed: Seed
    """Of the examples that are drawn."""
    symbols: int = Field(gt=0, le=100)
    """Symbols that are to be copied."""
    examples: Count
    """Of an epoch."""
    epochs: Count
    """After which the same examples come again."""
    valid_examples: int = Field(gt=9, le=100_000)
    test_examples: int = Field(gt=9, le=100_000)


class Validate(Frozen):
    """Limits of the suites."""

    min_class: int = Field(gt=0, le=10_000)
    """Images of each digit in every part."""
    max_deviation: float = Field(gt=0, lt=1)
    """Of the variance of the sums from 1/6, relative to it."""


class MemoryTrain(Train):
    """How the networks are fitted."""

    TARGETS = TARGETS


class Params(Block):
    """The block `memory`."""

    collect: MemoryCollect
    prepare: Prepare
    validation: Validate = Field(alias="validate")
    baselines: NoBaselines
    models: dict[str, Model]
    train: MemoryTrain
    evaluate: Evaluate

    @model_validator(mode="after")
    def _forward(self) -> Self:
        for name, model in self.models.items():
            if any(options.bidirectional for options in model.recurrent):
                why = "a layer that reads backwards has less to remember; set bidirectional to false"
                raise FaultError(("models", name, "recurrent"), why)
        return self
