"""The block `translation`."""

from pydantic import Field

from pipelines.params.blocks import Block, Collect, EncoderDecoder, Limit
from pipelines.sequence_to_sequence import params
from pipelines.sequence_to_sequence.params import Evaluate, Train, Validate


class Prepare(params.Prepare):
    """Pairs as sequences of sub-words."""

    languages: tuple[str, str]
    """Of sources and targets, as ISO 639 names them: they decide on the capitals of i and ı."""
    alignment_iterations: int = Field(gt=0, le=1000)
    """Of expectation maximisation for the lexicon of sub-words."""
    aligned_pairs: Limit
    """Most pairs of training from which the lexicon is estimated: its counts have to fit in memory."""
    subwords: int = Field(ge=50, le=50_000)
    """Most sub-words of each language."""


class Baselines(params.Baselines):
    """Methods without a recurrent network."""

    aligned_pairs: Limit
    """Most pairs of training from which the phrase table is made."""
    longest_phrase: int = Field(gt=0, le=20)
    """Most words of a phrase in the phrase table."""


class TranslationTrain(Train):
    """How the networks are fitted."""

    TARGETS = ("messages",)


class Params(Block):
    """The block `translation`."""

    collect: Collect
    prepare: Prepare
    validation: Validate = Field(alias="validate")
    baselines: Baselines
    models: dict[str, EncoderDecoder]
    train: TranslationTrain
    evaluate: Evaluate
