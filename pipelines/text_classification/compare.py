"""The deciding metric of classes of texts."""

from pipelines.classification.score import METRICS
from pipelines.contract import Primary
from pipelines.text_classification.data import Meta

__all__ = ["Meta", "primary"]


def primary(meta: Meta, target: str) -> Primary:
    """Accuracy decides; the tests compare log losses. A network that does no better than the most frequent class is of no use."""
    return Primary(METRICS["accuracy"], "majority", lags=0, dependence="texts are independent")
