"""Charts of this task: what is solved and when, how errors flow back, what clipping and the forget bias do."""

from pipelines.report.figures import Figure
from pipelines.report.language import mark
from pipelines.results import Results
from pipelines.tasks.memory import charts_of_networks, charts_of_training
from pipelines.tasks.memory.data import Meta
from pipelines.tasks.memory.tracks import tracks

__all__ = ["QUESTION", "SEQUENCE", "TITLE", "figures", "tracks"]
TITLE = mark("Long memory")
SEQUENCE = mark("artificial symbols and numbers")
QUESTION = mark(
    "Over how many steps does each cell learn to remember, and what do gates, clipping and the forget bias have to do with it?"
)


def figures(results: Results, target: str, model: str | None) -> list[Figure]:
    """Training, gradients and gates of all models side by side for the task; answers, gradients and gates of a model."""
    if model is not None:
        return charts_of_networks.of_model(results, target, model)
    problem = results.meta_as(Meta).targets[target]
    return [
        *charts_of_training.solved(results, target, problem),
        charts_of_training.updates(results, target, problem),
        *charts_of_training.clipping(results, target, problem),
        charts_of_networks.gradients(results, target),
        *charts_of_networks.kept(results, target),
    ]
