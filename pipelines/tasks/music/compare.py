"""The deciding metric of each target."""

from pipelines.contract import Primary
from pipelines.tasks.music.counting import MARKOV
from pipelines.tasks.music.data import EVENTS, Meta
from pipelines.tasks.music.score import METRICS

__all__ = ["Meta", "primary"]


def primary(meta: Meta, target: str) -> Primary:
    """The negative log-likelihood decides; a network that loses to a Markov chain or an n-gram model is of no use."""
    if target == EVENTS:
        return Primary(METRICS["bits_per_token"], "Kneser–Ney", dependence="neighbouring windows of one piece")
    return Primary(METRICS["nll_per_frame"], MARKOV, dependence="neighbouring pieces of a collection")
