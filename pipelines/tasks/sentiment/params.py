"""The block `sentiment`."""

from typing import Literal

from pydantic import Field

from pipelines.params.blocks import Collect
from pipelines.text_classification.params import Params as TextParams


class SentimentCollect(Collect):
    """How the sample's ratings, means of some 15 people's from −4 to 4, become labels."""

    neutral: Literal["left out", "own class"]
    """What happens to sentences that people on average rate as neither positive nor negative."""
    neutral_up_to: float = Field(ge=0, lt=4)
    """Largest magnitude of a mean rating that counts as neutral; 0: exactly in the middle."""


class Params(TextParams):
    """The block `sentiment`."""

    collect: SentimentCollect
