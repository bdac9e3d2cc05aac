"""What is stored of a trained network for the charts of this task."""

from dataclasses import dataclass

from pipelines.contract import Array, Floats, Indices


@dataclass(frozen=True)
class Contributions:
    """What the tokens before some places add to the log-probability of the token that the network thinks likeliest there."""

    places: Indices
    values: Array
    """(places, tokens before)."""
    guesses: Indices
    """The likeliest tokens."""


@dataclass(frozen=True)
class Illustration:
    """What a network does while it reads, and what it generates."""

    read: Array
    """Tokens of a piece of the test part, (tokens,)."""
    inside: dict[str, Array]
    """`layer: gate or memory` -> (units, tokens) float16."""
    contributions: Contributions
    cold: Floats
    """Mean bits a token by position, in windows that begin with an empty memory."""
    generated: dict[str, Array]
    """Temperature -> tokens, the prompt included."""
