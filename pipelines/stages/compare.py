"""`compare`: models and baselines side by side: the decision on each target, the tests behind it, and what models cost. Data, no words."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipelines import artifacts, paths, progress
from pipelines.analysis import comparison, cost, pairs, statistics
from pipelines.analysis.comparison import Decision, Scores
from pipelines.contract import Array

if TYPE_CHECKING:
    from pipelines.task import Compare, Task


def run(task: "Task", params: Any) -> None:
    """Write `metrics/<task>/comparison.json`."""
    stage: Compare = task.stage("compare")
    meta = artifacts.read(paths.prepared(task.name) / "meta.json", stage.Meta)
    baselines = artifacts.read_json(paths.baselines(task.name) / "metrics.json")
    evaluations = {
        model: artifacts.read_json(paths.evaluation(task.name, model) / "evaluation.json") for model in params.models
    }
    costs = {model: evaluation["cost"] for model, evaluation in evaluations.items()}
    parameters = {model: int(spent["parameters"]) for model, spent in costs.items()}
    histories = {model: _history(paths.history(task.name, model)) for model in params.models}
    described = {name: model.model_dump() for name, model in params.models.items()}
    decisions, tested = {}, {}
    for target in meta.targets:
        primary = stage.primary(meta, target)
        name = primary.metric.name
        losses = {model: _losses(paths.evaluation(task.name, model), target) for model in params.models}
        scores = Scores(
            {model: evaluations[model]["values"]["test"][target][name] for model in params.models},
            {model: arrays["losses"] for model, arrays in losses.items()},
            {baseline: metrics[name] for baseline, metrics in baselines[target].items()},
            _losses(paths.baselines(task.name), target),
            parameters,
            {model: arrays["own_losses"] for model, arrays in losses.items() if "own_losses" in arrays} or None,
            _clusters(list(losses.values())),
        )
        decisions[target], tested[target] = comparison.decide(scores, primary)
        progress.say(f"{task.name}/{target}: {_line(decisions[target])}")
    artifacts.write_json(
        paths.comparison(task.name),
        {
            "decisions": decisions,
            "statistics": tested,
            "baselines": baselines,
            "models": {
                name: {"cell": pairs.cell(model), "bidirectional": pairs.bidirectional(model)}
                for name, model in described.items()
            },
            "scores": {target: _scores(evaluations, target, decision) for target, decision in decisions.items()},
            "pairs": pairs.fair(
                described, {model: int(spent["parameters_without_embeddings"]) for model, spent in costs.items()}
            ),
            "cost": {
                "models": costs,
                "to_reach": {target: cost.to_reach(histories, target) for target in meta.targets},
            },
        },
    )


def _losses(folder: Path, target: str) -> dict[str, Array]:
    return artifacts.read_arrays(folder / target / "losses.npz")


def _clusters(losses: Sequence[dict[str, Array]]) -> Array | None:
    """The clusters of the test items, which are the same for all models."""
    return losses[0].get("clusters")


def _scores(evaluations: Mapping[str, Any], target: str, decision: Decision) -> dict[str, dict[str, float]]:
    """The summary over seeds of the primary metric of each model."""
    name = decision.metric.name
    return {
        model: statistics.summary(evaluation["values"]["test"][target][name])
        for model, evaluation in evaluations.items()
    }


def _history(path: Path) -> pd.DataFrame:
    with artifacts.reading(path):
        return pd.read_csv(path)


def _line(decision: Decision) -> str:
    """The outcome, its numbers and what to use."""
    return (
        f"{decision.outcome}: {decision.best} {decision.mean:.4g}, {decision.baseline} {decision.baseline_value:.4g} "
        f"({decision.metric.title}, p = {decision.test['p_holm']:.2g}); use {decision.use}"
    )
