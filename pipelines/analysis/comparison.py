"""Models and baselines of one target: their ranks, which differences are significant, and what to use. Numbers only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.analysis import statistics
from pipelines.contract import Floats, Indices, Primary

SMALLER = 0.9
"""A model is recommended for its size only if it has at most this share of the best one's parameters."""


@dataclass(frozen=True)
class Decision:
    """The result of comparing the models and baselines of one target."""

    best: str
    """The best recurrent model, by the mean over seeds of the primary metric."""
    mean: float
    std: float
    baseline: str
    """The best baseline."""
    baseline_value: float
    reference: str
    """The baseline that a model must beat; the best one, where that was left out."""
    gap: float
    """How much worse than the best baseline the best model is, relative to it; below zero: better."""
    reference_gap: float
    p: float
    """p-value of the difference in loss from the best baseline, over the test items."""
    contradicted: bool
    """Whether the losses differ significantly in the other direction than the metric does, which they need not be."""
    significant: bool
    """Whether they differ significantly in its direction."""
    alike: tuple[str, ...]
    """Models that are not significantly worse than the best one, over items or over seeds."""
    recommended: str
    """The smallest model within one standard error of the best (Breiman et al. 1984), or the best."""

    @property
    def outcome(self) -> str:
        """`won`, `lost` or `even`: the best model against the best baseline."""
        return "even" if not self.significant else "won" if self.gap < 0 else "lost"


def tests(
    values: Mapping[str, list[float]],
    losses: Mapping[str, Floats],
    baseline_losses: Mapping[str, Floats],
    baseline: str,
    own_losses: Mapping[str, Floats] | None,
    reference: str,
    lags: int,
    clusters: Indices | None,
) -> dict[str, Any]:
    """Each model against the best `baseline`, the `reference`, and every other model.

    `values` holds the primary metric of each seed, `losses` (seeds, items) the loss of each item, `baseline_losses` (items,) the same of
    methods without seeds; models are compared with each other by `own_losses`, if there are such. A model's losses are averaged over its
    seeds, so that its expected run is compared, not a lucky one. With `clusters` (items,) items of one cluster may depend on each other in
    any way, and `lags` is not used.
    """
    expected = {model: array.mean(0) for model, array in losses.items()}
    own = {model: array.mean(0) for model, array in (own_losses or losses).items()}
    return {
        model: {
            "against_best_baseline": statistics.paired(expected[model], baseline_losses[baseline], lags, clusters),
            "against_reference": statistics.paired(expected[model], baseline_losses[reference], lags, clusters),
            "against_models": {
                other: {
                    "items": statistics.paired(own[model], own[other], lags, clusters),
                    "seeds": statistics.welch(values[model], values[other]),
                }
                for other in values
                if other != model
            },
        }
        for model in values
    }


def decide(
    values: Mapping[str, list[float]],
    losses: Mapping[str, Floats],
    baselines: Mapping[str, float],
    baseline_losses: Mapping[str, Floats],
    primary: Primary,
    parameters: Mapping[str, int],
    own_losses: Mapping[str, Floats] | None = None,
    clusters: Indices | None = None,
) -> tuple[Decision, dict[str, Any]]:
    """The decision on a target, and the tests on which it is based; arguments as in `tests`, `baselines` their primary metric."""
    metric = primary.metric
    means = {model: float(np.mean(numbers)) for model, numbers in values.items()}
    best, baseline = metric.best(means), metric.best(baselines)
    # One that could not be estimated must not keep a finished training from being compared.
    reference = primary.reference if primary.reference in baselines else baseline
    tested = tests(values, losses, baseline_losses, baseline, own_losses, reference, primary.lags, clusters)
    test = tested[best]["against_best_baseline"]
    p = test["p"]

    def worse_than(value: float) -> float:
        return statistics.ratio(metric.gain(value, means[best]), abs(value))

    alike = tuple(model for model, test in tested.items() if model != best and not _worse(test["against_models"][best]))
    slack = statistics.standard_error(values[best])
    near = [model for model in alike if metric.gain(means[best], means[model]) <= slack]
    smaller = [model for model in near if parameters[model] < SMALLER * parameters[best]]
    gap = worse_than(baselines[baseline])
    differs = bool(np.isfinite(p) and p < 1 - statistics.LEVEL)
    contradicted = differs and gap * test["relative"] < 0
    decision = Decision(
        best=best,
        mean=means[best],
        std=statistics.summary(values[best])["std"],
        baseline=baseline,
        baseline_value=baselines[baseline],
        reference=reference,
        gap=gap,
        reference_gap=worse_than(baselines[reference]),
        p=p,
        contradicted=contradicted,
        significant=differs and not contradicted,
        alike=alike,
        recommended=min([best, *smaller], key=lambda model: parameters[model]),
    )
    return decision, tested


def _worse(test: Mapping[str, Any]) -> bool:
    """Whether a model is significantly worse than another, over test items and over seeds alike."""
    items, seeds = test["items"], test["seeds"]
    limit = 1 - statistics.LEVEL
    return bool(items["p"] < limit and items["relative"] > 0 and (seeds is None or seeds["p"] < limit))
