"""The parts of a block that tasks from sequence to sequence share."""

from pydantic import Field

from pipelines.params import blocks
from pipelines.params.blocks import Frozen, Limit, Share, Shares


class Prepare(Shares):
    """Pairs as sequences of tokens."""

    longest: int = Field(gt=1, le=1000)
    """Pairs whose source has more tokens are neither trained on nor validated with: they are a separate test part."""
    min_count: Limit
    """A token that training has seen less often is unknown."""
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
    """Of expectation maximisation for the alignment of words."""


class Train(blocks.Train):
    """How the networks are fitted."""

    label_smoothing: float = Share
    """Share of the probability that training spreads over all tokens (Szegedy et al. 2016); validation and test do without."""


class Evaluate(blocks.Evaluate):
    """The explanations' sizes, and how targets are generated."""

    beam: int = Field(gt=0, le=100)
    """Hypotheses that beam search keeps; 1: greedy."""
    length_penalty: float = Field(ge=0)
    copy_unknown: bool
    """An unknown token that is generated is replaced by the source token with the highest attention (Luong et al. 2015b)."""
    shown: int = Field(gt=0, le=1000)
    """Test pairs whose attention is drawn."""
