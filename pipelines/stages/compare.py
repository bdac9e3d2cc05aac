"""`compare`: models and baselines side by side, whether differences are more than chance, and a verdict in words."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines import artifacts, paths, progress
from pipelines.analysis import statistics
from pipelines.contract import Primary
from pipelines.params import Params
from pipelines.registry import Task

SMALLER = 0.9
"""A model is recommended for its size only if it has at most this share of the best one's parameters."""

TINY = 0.0001
"""A smaller p-value is not written out: no test is that exact."""


def run(task: Task, params: Params) -> None:
    """Write `artifacts/comparisons/<task>` and `metrics/<task>/comparison.json`."""
    meta = artifacts.read_json(paths.prepared(task.name) / "meta.json")
    scored = artifacts.read_json(paths.baselines(task.name) / "metrics.json")
    models = params.models(task.name)
    evaluations = {
        model: artifacts.read_json(paths.evaluation(task.name, model) / "evaluation.json") for model in models
    }
    cost = {model: evaluation["cost"] for model, evaluation in evaluations.items()}
    several = len(meta["targets"]) > 1
    baselines: dict[str, dict[str, Any]] = {}
    best, statistic, verdicts = {}, {}, {}

    for target, about in meta["targets"].items():
        primary = task.score.primary(target)
        for name, metrics in scored[target].items():
            place = baselines.setdefault(name, {})
            place.update({target: metrics} if several else metrics)
        result = rank(
            {model: evaluations[model]["values"]["test"][target][primary.metric] for model in models},
            {model: _losses(paths.evaluation(task.name, model), target)["losses"] for model in models},
            {name: metrics[primary.metric] for name, metrics in scored[target].items()},
            _losses(paths.baselines(task.name), target),
            primary,
            lags=about.get("horizon", 1),
        )
        best[target] = {"model": result["best"], "baseline": result["baseline"], "metric": primary.metric}
        statistic[target] = result["statistics"]
        verdicts[target] = decide(result, primary, cost)
    with artifacts.replacing_folder(paths.comparison(task.name)) as folder:
        artifacts.write_json(folder / "verdict.json", verdicts)
        artifacts.write_json(
            paths.comparison_metrics(task.name),
            {"baselines": baselines, "best": best, "statistics": statistic},
        )
    for target, verdict in verdicts.items():
        progress.say(f"{task.name}/{target}: {verdict['short']}")


def _losses(folder: Path, target: str) -> dict[str, NDArray[np.float64]]:
    return artifacts.read_arrays(folder / target / "losses.npz")


def rank(
    values: dict[str, list[float]],
    losses: dict[str, NDArray[np.float64]],
    baselines: dict[str, float],
    baseline_losses: dict[str, NDArray[np.float64]],
    primary: Primary,
    lags: int,
) -> dict[str, Any]:
    """Rank models and baselines on one target, and test each model against the baselines and every other model.

    `values` holds the primary metric of each seed, `losses` (seeds, items) the loss of each item, `baselines` and
    `baseline_losses` (items,) the same of methods without seeds. A model's losses are averaged over its seeds: what is
    compared is the expected run, not a lucky one.
    """
    means = {model: float(np.mean(numbers)) for model, numbers in values.items()}
    best = min(means, key=lambda model: means[model])
    baseline = min(baselines, key=lambda name: baselines[name])
    expected = {model: array.mean(0) for model, array in losses.items()}
    return {
        "best": best,
        "baseline": baseline,
        "means": means,
        "baseline_value": baselines[baseline],
        "reference_value": baselines[primary.reference],
        "spread": statistics.summary(values[best]),
        "standard_error": statistics.standard_error(values[best]),
        "statistics": {
            model: {
                "against_best_baseline": statistics.paired(expected[model], baseline_losses[baseline], lags),
                "against_reference": statistics.paired(expected[model], baseline_losses[primary.reference], lags),
                "against_models": {
                    other: {
                        "items": statistics.paired(expected[model], expected[other], lags),
                        "seeds": _over_seeds(values[model], values[other]),
                    }
                    for other in values
                    if other != model
                },
            }
            for model in values
        },
    }


def _over_seeds(values: list[float], others: list[float]) -> dict[str, float] | None:
    """Welch's t-test between the seeds of two models: would other seeds have turned the order round?"""
    from scipy import stats

    if min(len(values), len(others)) < 2:
        return None
    return {"p": float(stats.ttest_ind(values, others, equal_var=False).pvalue)}


def decide(result: dict[str, Any], primary: Primary, cost: dict[str, Any]) -> dict[str, Any]:
    """The comparison in sentences; every number in them comes from `result`.

    A smaller model is recommended in place of the best if its mean is within one standard error of the best one's (Breiman et al. 1984):
    that few seeds do not tell two models apart does not make them alike.
    """
    best, baseline, metric = result["best"], result["baseline"], primary.title
    means, against = result["means"], result["statistics"][best]["against_best_baseline"]
    spread = result["spread"]["std"]
    plus_minus = f" ± {spread:.3g}" if np.isfinite(spread) else ""
    gap = statistics.ratio(means[best] - result["baseline_value"], result["baseline_value"])
    sure = np.isfinite(against["p"]) and against["p"] < 1 - statistics.LEVEL
    if gap and np.isfinite(gap) and not sure:
        outcome = f"is {abs(gap):.1%} {'better' if gap < 0 else 'worse'} than the best baseline, {baseline}, which is within chance"
    elif gap < 0:
        outcome = f"beats the best baseline, {baseline}, by {-gap:.1%}"
    elif gap > 0:
        outcome = (
            f"loses to the best baseline, {baseline}, {f'by {gap:.1%}' if np.isfinite(gap) else 'which makes no error'}"
        )
    else:
        outcome = f"ties with the best baseline, {baseline}"
    chance = f"p < {TINY:g}" if against["p"] < TINY else f"p = {against['p']:.2g}"
    certainty = f"The difference holds over the test items ({chance})." if sure else f"Over the test items {chance}."
    ahead = statistics.ratio(means[best] - result["reference_value"], result["reference_value"])
    reference = (
        f"Against {primary.reference} it is {abs(ahead):.1%} {'better' if ahead < 0 else 'worse'}."
        if primary.reference != baseline
        else ""
    )
    alike = [
        model
        for model, tests in result["statistics"].items()
        if model != best and not _worse(tests["against_models"][best])
    ]
    near = [model for model in alike if means[model] <= means[best] + result["standard_error"]]
    smaller = [model for model in near if cost[model]["parameters"] < SMALLER * cost[best]["parameters"]]
    smallest = min([best, *smaller], key=lambda model: cost[model]["parameters"])
    size = f"with {cost[smallest]['parameters']:,} parameters the smallest within a standard error of the best"
    others = (
        f"Not told apart from it: {', '.join(alike)}."
        if alike
        else "Every other model is worse, over seeds and over test items."
    )
    choice = f"{smallest}, {size}" if smallest != best else best
    if gap > 0:
        advice = f"Use {baseline}. If it must be a recurrent network: {choice}."
    elif sure:
        advice = f"Use {choice}."
    else:
        advice = f"Use {baseline}, which is as good as far as these data can tell; or {choice}."
    return {
        "short": f"{best} has {metric} {means[best]:.4g}{plus_minus} and {outcome}",
        "sentences": [
            f"The best recurrent model is {best}: {metric} {means[best]:.4g}{plus_minus}. It {outcome} "
            f"({metric} {result['baseline_value']:.4g}).",
            certainty,
            reference,
            others,
        ],
        "advice": advice,
        "metric": primary.metric,
        "best": best,
        "best_baseline": baseline,
        "gap": gap,
        "outcome": "even" if not sure else "won" if gap < 0 else "lost",
    }


def _worse(tests: dict[str, Any]) -> bool:
    """Whether a model is worse than another beyond chance, over test items and over seeds alike."""
    items, seeds = tests["items"], tests["seeds"]
    limit = 1 - statistics.LEVEL
    return bool(items["p"] < limit and items["relative"] > 0 and (seeds is None or seeds["p"] < limit))
