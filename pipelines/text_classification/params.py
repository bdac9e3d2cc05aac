"""The parts of a block that the tasks with texts and classes share."""

from typing import Annotated, Literal

from pydantic import Field

from pipelines.params.blocks import Block, Collect, Different, Evaluate, Frozen, Limit, Share, Shares, TokenModel, Train

TARGET = "label"
"""The only target."""


class Prepare(Shares):
    """Texts as sequences of tokens. Shares hold where the data do not say themselves which text belongs to which part."""

    unit: Literal["words", "subwords"]
    """Sub-words suit scripts without spaces, and languages with many endings (SentencePiece, Kudo & Richardson 2018)."""
    subwords: int = Field(gt=50, le=64_000)
    """How many, where they are the unit."""
    language: str = Field(pattern="^[a-z]{2,3}$")
    """Code of ISO 639; it decides on lower case: `tr` and `az` have I with ı and İ with i."""
    longest: int = Field(gt=1, le=10_000)
    """Tokens of a text that are read; what follows is cut off."""
    lengths: int = Field(gt=0, le=64)
    """Different lengths to which batches are padded: fewer pad more, but each costs seconds of compiling."""
    min_count: Limit
    """A word that training has seen less often is unknown."""
    max_vocabulary: int = Field(gt=1, le=200_000)
    """The most frequent are kept."""


class Validate(Frozen):
    """Limits of the suite."""

    min_texts: Limit
    """Of each part."""
    min_class: Limit
    """Texts of the smallest class in training."""
    max_unknown_share: float = Share


class Baselines(Frozen):
    """Linear classifiers; every combination is tried on the validation part."""

    ngrams: Different[Annotated[int, Field(gt=0, le=5)]]
    """Longest n-gram of words that is a feature."""
    inverse_regularisation: Different[Annotated[float, Field(gt=0, le=1e6)]]
    """C of logistic regression."""


class TextClassifier(TokenModel):
    """Embedding, recurrent layers, pooling over time, dense layers."""

    pooling: Literal["last", "mean", "max", "attention"]
    """How the states of all steps become one vector: the last alone, their mean or maximum, or by attention (Yang et al. 2016)."""
    embedding_dropout: float = Share
    """Share of the embedding's features that training drops, each from all words of a text."""
    word_dropout: float = Share
    """Share of the words that training replaces by the unknown word (Iyyer et al. 2015)."""


class TextTrain(Train):
    """How the networks are fitted."""

    TARGETS = (TARGET,)


class TextEvaluate(Evaluate):
    """The explanations' sizes."""

    read_texts: int = Field(gt=0, le=100)
    """Test texts that are coloured by importance, gates and memory."""
    read_tokens: int = Field(gt=1, le=2_000)
    """They have at most so many tokens."""


class Params(Block):
    """The block of a task; its `collect` may have more."""

    collect: Collect
    prepare: Prepare
    validation: Validate = Field(alias="validate")
    baselines: Baselines
    models: dict[str, TextClassifier]
    train: TextTrain
    evaluate: TextEvaluate
