"""The block `language`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipelines.params.blocks import Evaluation, Frozen, LanguageModel, Share, Training, WindowSource


class LanguageData(Frozen):
    """Texts as rows of tokens."""

    unit: Literal["characters", "words"]
    window: int = Field(gt=1)
    """Tokens through which errors are propagated back at once."""
    valid_share: float = Field(gt=0, lt=1)
    test_share: float = Field(gt=0, lt=1)
    min_count: int = Field(gt=0)
    """A character or word that training has seen less often is unknown."""
    max_vocabulary: int = Field(gt=1)
    """The most frequent are kept."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.test_share + self.valid_share >= 1:
            raise ValueError("test_share and valid_share leave nothing to train on")
        return self


class LanguageValidation(Frozen):
    """Limits of the suite."""

    max_unknown_share: float = Share
    min_windows: int = Field(gt=0)
    min_vocabulary: int = Field(gt=1)


class LanguageEvaluation(Evaluation):
    """The explanations' sizes, the samples and the n-gram model."""

    ngram_order: int = Field(gt=1)
    ngram_discount: float = Field(gt=0, lt=1)
    ngram_tokens: int = Field(gt=0)
    """The n-gram model learns from the last so many tokens of the training part: its tables have to fit in memory."""
    read_tokens: int = Field(gt=1)
    """Length of the test text that is shown coloured by what happens inside."""
    prompt: str
    """What the samples go on from."""
    sample_length: int = Field(gt=0)
    temperatures: tuple[Annotated[float, Field(ge=0)], ...] = Field(min_length=1)
    top_k: int = Field(ge=0)
    """Sample among the k likeliest; 0: among all (Fan et al. 2018)."""
    top_p: float = Field(gt=0, le=1)
    """… and among the likeliest that together have this probability (Holtzman et al. 2020)."""


class Language(Frozen):
    """The block `language`."""

    source: WindowSource
    data: LanguageData
    validation: LanguageValidation
    models: dict[str, LanguageModel]
    training: Training
    evaluation: LanguageEvaluation
