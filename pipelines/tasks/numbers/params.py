"""The block `numbers`."""

from pydantic import Field

from pipelines.params.blocks import Block, Collect, EncoderDecoder, Evaluate, Frozen, Limit, Share, Shares, Train


class NumbersCollect(Collect):
    """Where pairs come from."""

    pairs: int = Field(gt=20, le=1_000_000)
    """Numbers in the sample."""
    highest: int = Field(gt=100, le=999_999_999)
    """The highest number of the sample."""


class Prepare(Shares):
    """Pairs as sequences of tokens."""

    longest: int = Field(gt=1, le=1000)
    """Pairs whose source has more tokens are neither trained on nor validated with: they are a separate test part."""
    min_count: Limit
    """A word that training has seen less often is unknown."""
    max_longer: Limit
    """Most of the longer pairs that are tested."""


class Validate(Frozen):
    """Limits of the suite."""

    min_pairs: Limit
    """Of each part."""
    max_unknown_share: float = Share
    max_ratio: float = Field(gt=1)
    """Between the lengths of source and target, in tokens."""


class Baselines(Frozen):
    """Methods without a recurrent network."""

    alignment_iterations: int = Field(gt=0, le=1000)
    """Of expectation maximisation for the word table."""


class NumbersTrain(Train):
    """How the networks are fitted."""

    TARGETS = ("words",)


class NumbersEvaluate(Evaluate):
    """The explanations' sizes, and how targets are generated."""

    beam: int = Field(gt=0, le=100)
    """Hypotheses that beam search keeps; 1: greedy."""
    length_penalty: float = Field(ge=0)
    shown: int = Field(gt=0, le=1000)
    """Test pairs whose attention is drawn."""


class Params(Block):
    """The block `numbers`."""

    collect: NumbersCollect
    prepare: Prepare
    validation: Validate = Field(alias="validate")
    baselines: Baselines
    models: dict[str, EncoderDecoder]
    train: NumbersTrain
    evaluate: NumbersEvaluate
