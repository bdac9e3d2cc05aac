"""`compare`: baselines, the models side by side, whether differences are more than chance, and a verdict in words."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines import artifacts, paths, progress
from pipelines.analysis import statistics
from pipelines.contract import Primary, Scores
from pipelines.params import Params
from pipelines.registry import Task


def run(task: Task, params: Params) -> None:
    """Write `artifacts/comparisons/<task>` and `metrics/<task>/comparison.json`."""
    prepared = paths.prepared(task.name)
    meta = artifacts.read_json(prepared / "meta.json")
    block, models = params.task(task.name), params.models(task.name)
    evaluations = {
        model: artifacts.read_json(paths.evaluation(task.name, model) / "evaluation.json") for model in models
    }
    cost = {model: evaluation["cost"] for model, evaluation in evaluations.items()}
    several = len(meta["targets"]) > 1
    baselines: dict[str, dict[str, Any]] = {}
    best, statistic, verdicts = {}, {}, {}

    with artifacts.replacing_folder(paths.comparison(task.name)) as folder:
        for target, about in meta["targets"].items():
            progress.say(f"{task.name}/{target}: baselines")
            scored = task.score.baselines(prepared, meta, target, block)
            primary = task.score.primary(target)
            stored = {f"{name}/{key}": array for name, s in scored.items() for key, array in s.samples.items()}
            artifacts.write_arrays(folder / f"{target}.npz", stored)
            for name, scores in scored.items():
                place = baselines.setdefault(name, {})
                place.update({target: scores.metrics} if several else scores.metrics)
            losses = {
                model: artifacts.read_arrays(paths.evaluation(task.name, model) / target / "losses.npz")["losses"]
                for model in models
            }
            result = _compare(
                {model: evaluations[model]["values"]["test"][target][primary.metric] for model in models},
                losses,
                scored,
                primary,
                lags=about.get("horizon", 1),
            )
            best[target] = {"model": result["best"], "baseline": result["baseline"], "metric": primary.metric}
            statistic[target] = result["statistics"]
            verdicts[target] = _verdict(result, primary, cost)
        artifacts.write_json(folder / "verdict.json", verdicts)
        artifacts.write_json(
            paths.comparison_metrics(task.name),
            {"baselines": baselines, "best": best, "statistics": statistic},
        )
    for target, verdict in verdicts.items():
        progress.say(f"{task.name}/{target}: {verdict['short']}")


def _compare(
    values: dict[str, list[float]],
    losses: dict[str, NDArray[np.float64]],
    scored: dict[str, Scores],
    primary: Primary,
    lags: int,
) -> dict[str, Any]:
    """Rank models and baselines on one target, and test each model against the baselines and every other model.

    `values` holds the primary metric of each seed, `losses` (seeds, items) the loss of each item. A model's losses are
    averaged over its seeds: what is compared is the expected run, not a lucky one.
    """
    means = {model: float(np.mean(numbers)) for model, numbers in values.items()}
    best = min(means, key=lambda model: means[model])
    baseline = min(scored, key=lambda name: scored[name].metrics[primary.metric])
    expected = {model: array.mean(0) for model, array in losses.items()}
    return {
        "best": best,
        "baseline": baseline,
        "means": means,
        "baseline_value": scored[baseline].metrics[primary.metric],
        "reference_value": scored[primary.reference].metrics[primary.metric],
        "spread": statistics.summary(values[best]),
        "statistics": {
            model: {
                "against_best_baseline": statistics.paired(expected[model], scored[baseline].losses, lags),
                "against_reference": statistics.paired(expected[model], scored[primary.reference].losses, lags),
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


def _verdict(result: dict[str, Any], primary: Primary, cost: dict[str, Any]) -> dict[str, Any]:
    """The comparison in sentences; every number in them comes from `result`."""
    best, baseline, metric = result["best"], result["baseline"], primary.metric.upper()
    means, against = result["means"], result["statistics"][best]["against_best_baseline"]
    spread = result["spread"]["std"]
    plus_minus = f" ± {spread:.3g}" if np.isfinite(spread) else ""
    gap = statistics.ratio(means[best] - result["baseline_value"], result["baseline_value"])
    sure = np.isfinite(against["p"]) and against["p"] < 1 - statistics.LEVEL
    if gap < 0:
        outcome = f"beats the best baseline, {baseline}, by {-gap:.1%}"
    elif gap > 0:
        outcome = (
            f"loses to the best baseline, {baseline}, {f'by {gap:.1%}' if np.isfinite(gap) else 'which makes no error'}"
        )
    else:
        outcome = f"ties with the best baseline, {baseline}"
    certainty = (
        f"The difference {'holds' if sure else 'is within chance'} over the test items (p = {against['p']:.2g})."
    )
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
    smallest = min([best, *alike], key=lambda model: cost[model]["parameters"])
    size = f"with {cost[smallest]['parameters']:,} parameters the smallest that is not told apart from the best"
    others = (
        f"Not told apart from it: {', '.join(alike)}."
        if alike
        else "Every other model is worse, over seeds and over test items."
    )
    choice = f"{smallest}, {size}" if alike else best
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
