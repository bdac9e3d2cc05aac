"""The deciding metric of each problem."""

from pipelines.contract import Primary
from pipelines.tasks.memory.data import Meta
from pipelines.tasks.memory.problems import ADDING, COPY
from pipelines.tasks.memory.score import CONSTANT, FREQUENT, MEMORYLESS, METRICS

__all__ = ["Meta", "primary"]
DECIDING = {ADDING: ("mse", CONSTANT), COPY: ("nats_per_step", MEMORYLESS)}


def primary(meta: Meta, target: str) -> Primary:
    """The error; and the accuracy of digits. A model that is no better than one without a memory is of no use."""
    metric, reference = DECIDING.get(meta.targets[target].problem, ("accuracy", FREQUENT))
    return Primary(METRICS[metric], reference, lags=0, dependence="examples are independent")
