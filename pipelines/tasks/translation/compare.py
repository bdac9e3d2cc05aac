"""The deciding metric of translation."""

from pipelines.contract import Primary
from pipelines.tasks.translation.data import Meta
from pipelines.tasks.translation.score import METRICS

__all__ = ["Meta", "primary"]


def primary(meta: Meta, target: str) -> Primary:
    """chrF decides, which does not depend on how words are cut; a network that is no better than a memory of translations is of no use."""
    return Primary(METRICS["chrf"], "translation memory", lags=0, dependence="pairs are independent")
