"""Models and baselines of one target: which differences are significant, and what to use. Data only: `verdict.html` makes words of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np

from pipelines.analysis import paired, statistics
from pipelines.contract import Floats, Indices, Metric, Primary

SMALLER = 0.9
"""A model is recommended for its size only if it has at most this share of the best one's parameters."""

Outcome = Literal["won", "lost", "even"]
Reason = Literal[
    "best model",
    "smallest within one standard error",
    "baseline is better",
    "no significant difference from baseline",
]
Tests = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Dependence:
    """How the paired tests allow for items that depend on each other."""

    method: Literal["independent items", "neighbouring items", "clusters"]
    lags: int
    clusters: int | None
    """Their number."""
    why: str
    """The task's own words."""


@dataclass(frozen=True)
class Decision:
    """The result of comparing the models and baselines of one target."""

    metric: Metric
    """The primary metric. The tests compare a loss of each item, which need not be the same."""
    best: str
    """The best recurrent model, by the mean over seeds of the primary metric."""
    mean: float
    std: float
    seeds: int
    baseline: str
    """The best baseline."""
    baseline_value: float
    reference: str
    """The baseline that a model must beat; the best one, where that was left out."""
    gap: float
    """How much worse than the best baseline the best model is, relative to it; below zero: better."""
    reference_gap: float
    test: dict[str, float]
    """Of the best model against the best baseline: see `paired.compare`, with `p_holm` of as many tests as there are models."""
    outcome: Outcome
    """The best model against the best baseline; `even`: no significant difference."""
    contradicted: bool
    """Whether the losses differ significantly in the other direction than the metric does, which they need not be."""
    alike: tuple[str, ...]
    """Models that are not significantly worse than the best one."""
    worse: tuple[str, ...]
    """Models that are significantly worse than the best one."""
    cheaper: dict[str, float]
    """Of those alike the ones with fewer parameters -> their share of the best one's."""
    model: str
    """The recurrent model to use: the smallest within one standard error of the best (Breiman et al. 1984), or the best."""
    use: str
    """What to use: this model, or a baseline."""
    reason: Reason
    dependence: Dependence


@dataclass(frozen=True)
class Scores:
    """What is compared on one target."""

    values: Mapping[str, list[float]]
    """Model -> the primary metric of each seed."""
    losses: Mapping[str, Floats]
    """Model -> (seeds, items)."""
    baselines: Mapping[str, float]
    """Baseline -> the primary metric."""
    baseline_losses: Mapping[str, Floats]
    """Baseline -> (items,)."""
    parameters: Mapping[str, int]
    """Model -> number of its parameters."""
    own_losses: Mapping[str, Floats] | None = None
    """Model -> (seeds, items): what models are compared with each other by, if not `losses`."""
    clusters: Indices | None = None
    """(items,): which items depend on each other."""


def tests(scores: Scores, baseline: str, reference: str, lags: int) -> Tests:
    """Each model against the best `baseline`, the `reference`, and every other model.

    `p_holm` is corrected for the number of tests of one kind on the target: models against a baseline, and all pairs of models.
    """
    own = scores.own_losses or scores.losses
    models = list(scores.values)
    found: Tests = {model: {"against_models": {}} for model in models}
    for kind, other in (("against_best_baseline", baseline), ("against_reference", reference)):
        family = {
            model: paired.compare(scores.losses[model], scores.baseline_losses[other], lags, scores.clusters)
            for model in models
        }
        paired.holm(family)
        for model, test in family.items():
            found[model][kind] = test
    pairs = {
        (model, other): paired.compare(own[model], own[other], lags, scores.clusters)
        for model, other in combinations(models, 2)
    }
    paired.holm(pairs)
    for (model, other), test in pairs.items():
        found[model]["against_models"][other] = test
        reverse = paired.compare(own[other], own[model], lags, scores.clusters)
        found[other]["against_models"][model] = {**reverse, "p_holm": test["p_holm"]}
    return found


def decide(scores: Scores, primary: Primary) -> tuple[Decision, Tests]:
    """The decision on a target, and the tests on which it is based."""
    metric = primary.metric
    means = {model: float(np.mean(numbers)) for model, numbers in scores.values.items()}
    best, baseline = metric.best(means), metric.best(scores.baselines)
    # One that could not be estimated must not keep a finished training from being compared.
    reference = primary.reference if primary.reference in scores.baselines else baseline
    tested = tests(scores, baseline, reference, primary.lags)
    test = tested[best]["against_best_baseline"]

    def worse_than(value: float) -> float:
        return statistics.ratio(metric.gain(value, means[best]), abs(value))

    others = [model for model in means if model != best]
    worse = tuple(model for model in others if _worse(tested[model]["against_models"][best]))
    alike = tuple(model for model in others if model not in worse)
    slack = statistics.standard_error(scores.values[best])
    shares = {model: scores.parameters[model] / scores.parameters[best] for model in alike}
    near = [m for m in alike if metric.gain(means[best], means[m]) <= slack and shares[m] < SMALLER]
    model = min([best, *near], key=lambda name: scores.parameters[name])
    gap = worse_than(scores.baselines[baseline])
    differs = _significant(test)
    contradicted = differs and gap * test["relative"] < 0
    outcome: Outcome = "even" if contradicted or not differs or gap == 0 else "won" if gap < 0 else "lost"
    reason: Reason = "best model" if model == best else "smallest within one standard error"
    if outcome != "won":
        reason = "baseline is better" if outcome == "lost" else "no significant difference from baseline"
    decision = Decision(
        metric=metric,
        best=best,
        mean=means[best],
        std=statistics.summary(scores.values[best])["std"],
        seeds=len(scores.values[best]),
        baseline=baseline,
        baseline_value=scores.baselines[baseline],
        reference=reference,
        gap=gap,
        reference_gap=worse_than(scores.baselines[reference]),
        test=test,
        outcome=outcome,
        contradicted=contradicted,
        alike=alike,
        worse=worse,
        cheaper={name: share for name, share in shares.items() if share < SMALLER},
        model=model,
        use=model if outcome == "won" else baseline,
        reason=reason,
        dependence=_dependence(primary, scores.clusters),
    )
    return decision, tested


def _significant(test: Mapping[str, float]) -> bool:
    return bool(test["p_holm"] < statistics.SIGNIFICANCE)  # NaN is not


def _worse(test: Mapping[str, float]) -> bool:
    return _significant(test) and test["relative"] > 0


def _dependence(primary: Primary, clusters: Indices | None) -> Dependence:
    if clusters is not None:
        return Dependence("clusters", 0, len(np.unique(clusters)), primary.dependence)
    method: Literal["neighbouring items", "independent items"] = (
        "neighbouring items" if primary.lags else "independent items"
    )
    return Dependence(method, primary.lags, None, primary.dependence)
