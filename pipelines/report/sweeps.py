"""The page of a sweep: a heat map for each cell, how much each hyper-parameter matters, every point, and the commands."""

import shlex
import statistics
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.report import figures, pages
from pipelines.report.figures import Figure
from pipelines.report.language import _, fill, mark, plural, shown
from pipelines.report.texts import format_number
from pipelines.sweeps import Point, Result, Sweep

if TYPE_CHECKING:
    import plotly.graph_objects as go

ACROSS = 3
"""Heat maps side by side."""
NAMES = {"cell": mark("cell"), "units": mark("units"), "learning_rate": mark("learning rate"), "seed": mark("seed")}
FEWEST = 4
"""Points from which a share of the variance means anything."""


def write(path: Path, sweep: Sweep, summaries: Sequence[dict[str, Any]]) -> None:
    """The page of a sweep."""
    titles = {summary["task"]: summary["title"] for summary in summaries}
    shown = content(sweep, titles.get(sweep.task, sweep.task), sweep.task in titles)
    path.write_text(
        pages.environment("..", f"sweeps/{path.name}").get_template("sweep.html").render(**shown), encoding="utf-8"
    )


def content(sweep: Sweep, title: str, has_report: bool) -> dict[str, Any]:
    """What the template `sweep.html` shows."""
    fitted = [result for result in sweep.results if result.targets]
    names = list(fitted[0].targets) if fitted else []
    order = sorted(fitted, key=lambda result: _mean(result, names[0])) if names else []
    return {
        "sweep": sweep,
        "title": title,
        "has_report": has_report,
        "targets": [_target(sweep, fitted, name) for name in names],
        "rows": [
            _row(result, names) for result in (*order, *(result for result in sweep.results if not result.targets))
        ],
        "missing": ", ".join(point.name for point in sweep.missing),
    }


def _target(sweep: Sweep, fitted: Sequence[Result], name: str) -> dict[str, Any]:
    best = min(fitted, key=lambda result: _mean(result, name))
    limit = _mean(best, name) + (_summary(best, name)["std"] or 0.0)
    shares, without = importance(sweep, name)
    return {
        "name": name,
        "best": best.point,
        "ties": sum(_mean(result, name) <= limit for result in fitted) - 1,
        "command": experiment(sweep, best),
        "figures": [_heat_maps(sweep, fitted, name), *([_bars(shares, name, len(fitted))] if shares else [])],
        "without_importance": without,
    }


def _row(result: Result, names: Sequence[str]) -> dict[str, Any]:
    losses = [
        (_summary(result, name), ", ".join(map(str, result.targets[name].best_epoch)))
        for name in names
        if result.targets
    ]
    return {
        "point": result.point,
        "parameters": result.parameters,
        "seconds": result.seconds,
        "losses": losses,
        "failed": result.failed,
    }


def _mean(result: Result, target: str) -> float:
    return statistics.fmean(result.targets[target].valid_loss)


def _summary(result: Result, target: str) -> dict[str, float | None]:
    losses = result.targets[target].valid_loss
    return {"mean": statistics.fmean(losses), "std": statistics.stdev(losses) if len(losses) > 1 else None}


# The command


def experiment(sweep: Sweep, result: Result) -> str:
    """The DVC experiment that trains and tests the network of a point: `dvc exp run -S …`."""
    words = ["dvc exp run"]
    for where, value in result.overrides.items():
        words.append("-S " + shlex.quote(f"{sweep.task}.{where}={_hydra(value)}"))
    return " ".join([*words, f"evaluate@{sweep.task}-{sweep.model}"])


def _hydra(value: Any) -> str:
    """A value in the grammar of Hydra's overrides, which DVC reads."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_hydra(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_hydra, value)) + "]"
    return (
        {None: "null", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else str(value)
    )


# Heat maps


def _heat_maps(sweep: Sweep, fitted: Sequence[Result], target: str) -> Figure:
    """One for each cell, in common colours."""
    from plotly.subplots import make_subplots

    cells = list(dict.fromkeys(result.point.cell for result in fitted))
    units = sorted({result.point.units for result in fitted})
    rates = sorted({result.point.learning_rate for result in fitted})
    known = {result.point: result for result in sweep.results}
    means = [_mean(result, target) for result in fitted]
    low, high = min(means), _end_of_colours(means)
    across = min(ACROSS, len(cells))
    down = -(-len(cells) // across)
    plot = make_subplots(
        down, across, subplot_titles=cells, shared_yaxes=True, shared_xaxes=True, horizontal_spacing=0.03,
        x_title=_("learning rate"), y_title=_("units"),
    )  # fmt: skip
    height = 110 + down * (60 + 48 * len(units))
    plot.update_layout(**figures.empty("", "", max(height, 300)).layout.to_plotly_json())
    plot.update_layout(
        margin={"l": 72, "r": 16, "t": 40, "b": 64}, hovermode="closest", xaxis_title=None, yaxis_title=None
    )
    for index, cell in enumerate(cells):
        grid = [[known.get(Point(cell=cell, units=size, learning_rate=rate)) for rate in rates] for size in units]
        plot.add_heatmap(
            x=[fill("{rate:g}", rate=rate) for rate in rates], y=[str(size) for size in units],
            z=[[figures.plain([_mean(of, target)])[0] if of and of.targets else None for of in row] for row in grid],
            text=[[_label(of, target) for of in row] for row in grid], texttemplate="%{text}", hoverinfo="skip",
            zmin=low, zmax=high, colorscale="Viridis", showscale=index == 0, xgap=2, ygap=2,
            colorbar={"title": {"text": _("validation loss"), "side": "right"}, "thickness": 14},
            row=index // across + 1, col=index % across + 1,
        )  # fmt: skip
    plot.update_xaxes(type="category")
    plot.update_yaxes(type="category")
    seeds = plural("{count} seed", "{count} seeds", len(sweep.seeds))
    return Figure(
        f"heat-{target}",
        _("Validation loss by units, learning rate and cell"),
        _(
            "The lowest validation loss of each point: mean over {seeds}, in the unit of the target's loss. The colours end "
            "at {high}; a loss above that has the same colour. An empty place was not fitted, or its training failed.",
            seeds=seeds,
            high=format_number(high),
        ),
        _(
            "Dark is low, and lower is better. A dark field at the border of the grid means that the best value may lie "
            "beyond it. Compare cells by their darkest fields, not at one learning rate: each cell has its own best one."
        ),
        plot,
    )


def _end_of_colours(means: Sequence[float]) -> float:
    """Twice as far above the median as the best is below it: one diverging point would make all others look alike."""
    middle = statistics.median(means)
    return min(max(means), middle + 2 * (middle - min(means))) if len(means) > 1 and middle > min(means) else max(means)


def _label(result: Result | None, target: str) -> str:
    if result is None:
        return ""
    return format_number(_mean(result, target)) if result.targets else _("failed")


# Importance


def importance(sweep: Sweep, target: str) -> tuple[dict[str, float], str]:
    """Share of the variance of the validation loss that each hyper-parameter explains (Hutter et al. 2014); or why there is none.

    The seed counts as one, where there are several: what it explains is chance.
    """
    fitted = [result for result in sweep.results if result.targets]
    trials = [
        ({"cell": of.point.cell, "units": of.point.units, "learning_rate": of.point.learning_rate, "seed": seed}, loss)
        for of in fitted
        for seed, loss in zip(sweep.seeds, of.targets[target].valid_loss, strict=True)
    ]
    axes = [name for name in NAMES if len({str(values[name]) for values, _ in trials}) > 1]
    if len(fitted) < FEWEST:
        return {}, _("there are fewer than {fewest} points", fewest=FEWEST)
    if len({loss for _, loss in trials}) == 1:
        return {}, _("all losses are the same")
    return _fanova([({name: values[name] for name in axes}, loss) for values, loss in trials]), ""


def _fanova(trials: Sequence[tuple[dict[str, Any], float]]) -> dict[str, float]:
    import optuna
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    seen = {name: sorted({values[name] for values, _ in trials}) for name in trials[0][0]}
    distributions: dict[str, Any] = {
        name: CategoricalDistribution(values)
        if name in ("cell", "seed")
        else (IntDistribution if name == "units" else FloatDistribution)(values[0], values[-1], log=True)
        for name, values in seen.items()
    }
    study = optuna.create_study()
    for values, loss in trials:
        study.add_trial(optuna.trial.create_trial(params=values, distributions=distributions, value=loss))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scikit-learn's, about optuna's own trees
        found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=1))
    return {name: float(share) for name, share in found.items()}


def _bars(shares: Mapping[str, float], target: str, points: int) -> Figure:
    names = sorted(shares, key=lambda name: shares[name])
    plot: go.Figure = figures.empty(_("share of the variance"), "", 110 + 44 * len(names))
    plot.add_bar(
        x=figures.plain([shares[name] for name in names]), y=[shown(NAMES[name]) for name in names], orientation="h",
        marker={"color": ["#9aa5b1" if name == "seed" else figures.COLORS[0] for name in names]},
        text=[fill("{share:.0%}", share=shares[name]) for name in names], textposition="auto", hoverinfo="skip",
    )  # fmt: skip
    plot.update_xaxes(tickformat=".0%", range=[0, 1])
    plot.update_layout(margin={"l": 110})
    return Figure(
        f"importance-{target}",
        _("How much each hyper-parameter matters"),
        _(
            "Functional ANOVA (Hutter et al. 2014, Optuna's) of {points} points: the share of the variance of the validation "
            "loss over this grid that each hyper-parameter explains, by itself and together with others.",
            points=points,
        ),
        _(
            "It depends on the ranges of the grid: an axis with one very bad end explains most. The seed is chance: what "
            "explains no more than the seed does not matter on this grid."
        ),
        plot,
    )
