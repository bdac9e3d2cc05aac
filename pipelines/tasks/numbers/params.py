"""The block `numbers`."""

from pydantic import Field

from pipelines.params.blocks import Block, Collect, EncoderDecoder
from pipelines.sequence_to_sequence.params import Baselines, Evaluate, Prepare, Train, Validate


class NumbersCollect(Collect):
    """Where pairs come from."""

    pairs: int = Field(gt=20, le=1_000_000)
    """Numbers in the sample."""
    highest: int = Field(gt=100, le=999_999_999)
    """The highest number of the sample."""


class NumbersTrain(Train):
    """How the networks are fitted."""

    TARGETS = ("words",)


class Params(Block):
    """The block `numbers`."""

    collect: NumbersCollect
    prepare: Prepare
    validation: Validate = Field(alias="validate")
    baselines: Baselines
    models: dict[str, EncoderDecoder]
    train: NumbersTrain
    evaluate: Evaluate
