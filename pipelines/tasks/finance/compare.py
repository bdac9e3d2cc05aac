"""The deciding metrics of returns and of volatility."""

from pipelines.contract import Primary
from pipelines.tasks.finance.data import Meta
from pipelines.tasks.finance.score import METRICS

__all__ = ["Meta", "primary"]


def primary(meta: Meta, target: str) -> Primary:
    """RMSE decides on returns, where a random walk is to be beaten; QLIKE on volatility, against a rolling mean."""
    metric, reference = ("rmse", "random walk") if target == "returns" else ("qlike", "rolling mean")
    return Primary(METRICS[metric], reference, meta.targets[target].horizon, "overlapping horizons")
