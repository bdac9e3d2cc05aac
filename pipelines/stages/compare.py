"""`compare`: models and baselines side by side, which differences are significant, and a verdict in words."""

from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import artifacts, paths, progress
from pipelines.analysis import comparison
from pipelines.analysis.comparison import Decision
from pipelines.contract import Array, Metric

if TYPE_CHECKING:
    from pipelines.task import Compare, Task

TINY = 0.0001
"""Smaller p-values are shown as a bound: no test is that exact."""


def run(task: "Task", params: Any) -> None:
    """Write `artifacts/comparisons/<task>` and `metrics/<task>/comparison.json`."""
    stage: Compare = task.stage("compare")
    meta = artifacts.read(paths.prepared(task.name) / "meta.json", stage.Meta)
    scored = artifacts.read_json(paths.baselines(task.name) / "metrics.json")
    evaluations = {
        model: artifacts.read_json(paths.evaluation(task.name, model) / "evaluation.json") for model in params.models
    }
    parameters = {model: evaluation["cost"]["parameters"] for model, evaluation in evaluations.items()}
    best, statistic, verdicts = {}, {}, {}
    for target in meta.targets:
        primary = stage.primary(meta, target)
        name = primary.metric.name
        losses = {model: _losses(paths.evaluation(task.name, model), target) for model in params.models}
        decision, statistic[target] = comparison.decide(
            {model: evaluations[model]["values"]["test"][target][name] for model in params.models},
            {model: arrays["losses"] for model, arrays in losses.items()},
            {baseline: metrics[name] for baseline, metrics in scored[target].items()},
            _losses(paths.baselines(task.name), target),
            primary,
            parameters,
            {model: arrays["own_losses"] for model, arrays in losses.items() if "own_losses" in arrays},
            next((arrays["clusters"] for arrays in losses.values() if "clusters" in arrays), None),
        )
        best[target] = {"model": decision.best, "baseline": decision.baseline, "metric": name}
        verdicts[target] = {
            **asdict(decision),
            **in_words(decision, primary.metric, parameters),
            "outcome": decision.outcome,
            "metric": asdict(primary.metric),
            "dependence": primary.dependence,
        }
    with artifacts.replacing_folder(paths.comparison(task.name)) as folder:
        artifacts.write_json(folder / "verdict.json", verdicts)
        artifacts.write_json(
            paths.comparison_metrics(task.name), {"baselines": scored, "best": best, "statistics": statistic}
        )
    for target, verdict in verdicts.items():
        progress.say(f"{task.name}/{target}: {verdict['short']}")


def _losses(folder: Path, target: str) -> dict[str, Array]:
    return artifacts.read_arrays(folder / target / "losses.npz")


def in_words(decision: Decision, metric: Metric, parameters: dict[str, int]) -> dict[str, Any]:
    """The decision in sentences; every number in them comes from it."""
    best, baseline = decision.best, decision.baseline
    value = f"{metric.title} {decision.mean:.4g}" + (f" ± {decision.std:.3g}" if isfinite(decision.std) else "")
    p_value = f"p < {TINY:g}" if decision.p < TINY else f"p = {decision.p:.2g}"
    by = f" by {abs(decision.gap):.1%}" if isfinite(decision.gap) else ""
    if decision.gap and not decision.significant:
        better = "better" if decision.gap < 0 else "worse"
        outcome = f"is{by.removeprefix(' by')} {better} than the best baseline, {baseline}, which is not statistically significant"
    elif decision.gap < 0:
        outcome = f"beats the best baseline, {baseline}{',' if by else ''}{by}"
    elif decision.gap > 0:
        outcome = f"loses to the best baseline, {baseline}{',' if by else ''}{by}"
    else:
        outcome = f"ties with the best baseline, {baseline}"
    reference = ""
    if decision.reference != baseline and isfinite(decision.reference_gap):
        better = "better" if decision.reference_gap < 0 else "worse"
        reference = f"It is {abs(decision.reference_gap):.1%} {better} than {decision.reference}."
    others = "Every other model is significantly worse, over seeds and over test items."
    if not isfinite(decision.std):
        others = (
            "Every other model is significantly worse over the test items; with one seed, another may reverse that."
        )
    if len(parameters) == 1:
        others = ""
    if decision.alike:
        others = f"Not significantly different from it: {', '.join(decision.alike)}."
    choice = decision.recommended
    if choice != best:
        choice += f", with {parameters[choice]:,} parameters the smallest within a standard error of the best"
    if decision.gap > 0:
        advice = f"Use {baseline}. If it must be a recurrent network: {choice}."
    elif decision.significant:
        advice = f"Use {choice}."
    else:
        advice = f"Use {baseline}, which is as good as far as these data can tell; or {choice}."
    return {
        "short": f"{best} has {value} and {outcome}",
        "sentences": [
            f"The best recurrent model is {best}: {value}. It {outcome} ({metric.title} {decision.baseline_value:.4g}).",
            f"By the loss of each test item, which the test compares, it is the other way round ({p_value})."
            if decision.contradicted
            else f"The difference is significant over the test items ({p_value})."
            if decision.significant
            else f"Over the test items {p_value}.",
            reference,
            others,
        ],
        "advice": advice,
    }
