"""The block `language`."""

from typing import Annotated, Literal

from pydantic import Field

from pipelines.params.blocks import (
    Block,
    Collect,
    Count,
    Different,
    Evaluate,
    Frozen,
    Limit,
    NgramBaseline,
    Share,
    Shares,
    TokenModel,
    Train,
)


class Prepare(Shares):
    """Texts as sequences of tokens."""

    unit: Literal["characters", "words"]
    window: int = Field(gt=1, le=10_000)
    """Length of truncated back-propagation, in tokens."""
    carry_state: bool
    """Training windows follow each other and the state is carried from one to the next (truncated back-propagation through time)."""
    min_count: Limit
    """A character or word that training has seen less often is unknown."""
    max_vocabulary: int = Field(gt=1, le=200_000)
    """The most frequent are kept."""


class Validate(Frozen):
    """Limits of the suite."""

    max_unknown_share: float = Share
    min_windows: Limit
    min_vocabulary: int = Field(gt=1, le=200_000)


class LanguageTrain(Train):
    """How the networks are fitted."""

    TARGETS = ("text",)


class LanguageEvaluate(Evaluate):
    """The explanations' sizes and the samples."""

    read_tokens: int = Field(gt=1, le=100_000)
    """Length of the test text that is coloured by gates and memory."""
    prompt: str = Field(max_length=10_000)
    """The beginning of the generated texts."""
    sample_length: Count
    temperatures: Different[Annotated[float, Field(ge=0)]]
    top_k: int = Field(ge=0, le=200_000)
    """Sample from the k most likely; 0: from all (Fan et al. 2018)."""
    top_p: float = Field(gt=0, le=1)
    """… and from the most likely that together have this probability (Holtzman et al. 2020)."""


class Params(Block):
    """The block `language`."""

    collect: Collect
    prepare: Prepare
    validation: Validate = Field(alias="validate")
    baselines: NgramBaseline
    models: dict[str, TokenModel]
    train: LanguageTrain
    evaluate: LanguageEvaluate
