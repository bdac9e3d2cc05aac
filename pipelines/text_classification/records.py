"""What is stored of some test texts, for the charts that colour them."""

from dataclasses import dataclass

from pipelines.contract import Array, Floats


@dataclass(frozen=True)
class ReadText:
    """A test text as the network reads it."""

    tokens: list[str]
    """As they are shown; joined, they give the text."""
    label: str
    probabilities: Floats
    """(classes,)."""
    contributions: Array
    """What each token adds to the log-probability of the likeliest class, (tokens,) float32."""
    attention: Array | None
    """The weight of each token where the network pools by attention, (tokens,) float32."""
    inside: dict[str, Array]
    """`layer: gate or memory` -> (units, tokens) float16, in the order of the text in both directions."""


@dataclass(frozen=True)
class Illustration:
    """Some test texts: right ones, then the most confident mistakes."""

    read: list[ReadText]
