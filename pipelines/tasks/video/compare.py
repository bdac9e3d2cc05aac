"""The deciding metric of clips."""

from pipelines.contract import Primary
from pipelines.tasks.video.data import MEAN, Meta
from pipelines.tasks.video.score import METRICS

__all__ = ["Meta", "primary"]


def primary(meta: Meta, target: str) -> Primary:
    """Accuracy decides; the tests compare log losses. A network no better than the mean of all frames has learnt nothing of their order."""
    return Primary(METRICS["accuracy"], MEAN, lags=0, dependence="clips are independent")
