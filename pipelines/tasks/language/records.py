"""What is stored of a trained network for the charts of this task."""

from dataclasses import dataclass

from pipelines.contract import Array, Floats, Indices


@dataclass(frozen=True)
class Contributions:
    """What the tokens before some positions add to the log-probability of the token that the network finds most likely there."""

    places: Indices
    values: Array
    """(places, tokens before)."""
    guesses: Indices
    """The most likely tokens."""


@dataclass(frozen=True)
class Illustration:
    """Gates and memory of a network while it reads, and what it generates."""

    read: Array
    """Tokens of a piece of the test part, (tokens,)."""
    inside: dict[str, Array]
    """`layer: gate or memory` -> (units, tokens) float16."""
    contributions: Contributions
    cold: Floats
    """Mean bits a token by position, in windows that start from zero states."""
    generated: dict[str, Array]
    """Temperature -> tokens, the prompt included."""
