"""The deciding metric of a series."""

from pipelines.contract import Primary
from pipelines.tasks.timeseries.data import Meta
from pipelines.tasks.timeseries.score import METRICS

__all__ = ["Meta", "primary"]


def primary(meta: Meta, target: str) -> Primary:
    """MASE decides; a model that loses to seasonal naive is of no use."""
    return Primary(METRICS["mase"], "seasonal naive", meta.targets[target].horizon, "overlapping horizons")
