"""Charts of what training reached: the loss against updates, what is solved, and what clipping does."""

from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import pandas as pd

from pipelines.report import figures as charts
from pipelines.report.figures import Figure
from pipelines.report.language import _, fill, shown
from pipelines.results import Results
from pipelines.tasks.memory.compare import primary
from pipelines.tasks.memory.data import Meta, Problem

EXPLODED = 10
"""A gradient so many times as long as clipping allows has exploded."""


@dataclass(frozen=True)
class Solved:
    """How many of the seeds of a model solve a target, and after how many updates (median; infinite if no more than half do)."""

    seeds: int
    of: int
    updates: float


def updates_of(results: Results, target: str, model: str, problem: Problem) -> pd.DataFrame:
    """The history of a model on a target, with the number of updates done at the end of each epoch."""
    history = results.history(model).query("target == @target").copy()
    options = results.training(model)["train"]
    batch_size = options["targets"].get(target, {}).get("batch_size", options["batch_size"])
    steps = -(-problem.examples // min(batch_size, problem.examples))
    history["updates"] = (history["epoch"] + 1) * steps
    return history


def solved_by(results: Results, target: str, model: str, problem: Problem) -> Solved:
    """Seeds whose validation loss fell below the value at which the problem is solved."""
    history = updates_of(results, target, model, problem)
    below = history[history["valid_loss"] < (problem.solved_below or 0)].groupby("seed")["updates"].min()
    seeds = int(history["seed"].nunique())
    return Solved(len(below), seeds, float(np.median([*below, *[inf] * (seeds - len(below))])))


# What is solved


def solved(results: Results, target: str, problem: Problem) -> list[Figure]:
    """Which T each model solves, of all targets of the problem: drawn once, with the first of them."""
    targets = results.meta_as(Meta).targets
    same = {name: other for name, other in targets.items() if other.problem == problem.problem}
    if problem.solved_below is None or next(iter(same)) != target:
        return []
    ordered = sorted(same, key=lambda name: same[name].length)
    cells = [[solved_by(results, name, model, same[name]) for name in ordered] for model in results.models]
    longest = [
        max(
            (same[name].length for name, cell in zip(ordered, row, strict=True) if 2 * cell.seeds > cell.of),
            default=None,
        )
        for row in cells
    ]
    plot = charts.empty("T", "", height=150 + 40 * len(results.models))
    plot.add_heatmap(
        z=[[cell.seeds / cell.of for cell in row] for row in cells],
        x=[str(same[name].length) for name in ordered],
        y=[
            _("{model} (longest T: {best})", model=model, best=best or _("none"))
            for model, best in zip(results.models, longest, strict=True)
        ],
        text=[[_cell_text(cell) for cell in row] for row in cells],
        texttemplate="%{text}",
        colorscale="Greens",
        zmin=0,
        zmax=1.4,
        showscale=False,
        hoverinfo="skip",
    )
    plot.update_layout(hovermode="closest")
    plot.update_xaxes(type="category")
    plot.update_yaxes(autorange="reversed", automargin=True)
    metric = shown(primary(results.meta_as(Meta), target).metric.title)
    limits = ", ".join(
        fill("{below:.3g} (T = {length})", below=same[name].solved_below, length=same[name].length) for name in ordered
    )
    return [
        Figure(
            f"solved-{problem.problem}",
            _("The longest T that each cell solves: the {problem} problem", problem=problem.problem),
            _(
                "Seeds whose validation loss ({metric}) fell below {limits} within the budget of updates, and the median of the "
                "updates that they took. A model counts as solving a T if more than half of its seeds do.",
                metric=metric,
                limits=limits,
            ),
            _(
                "From left to right the same problem asks for a longer memory. A cell that solves a short T and not a long one "
                "can store what is asked for, but does not find out by gradients that it has to."
            ),
            plot,
        )
    ]


def _cell_text(cell: Solved) -> str:
    seeds = _("{seeds} of {all}", seeds=cell.seeds, all=cell.of)
    return seeds + ("<br>" + _("{updates:,.0f} updates", updates=cell.updates) if np.isfinite(cell.updates) else "")


# Loss against updates


def updates(results: Results, target: str, problem: Problem) -> Figure:
    """Validation loss of every model after so many updates."""
    plot = charts.empty(_("updates"), _("validation loss"))
    last = 0
    for index, model in enumerate(results.models):
        history = updates_of(results, target, model, problem)
        last = max(last, int(history["updates"].max()))
        for _seed, rows in history.groupby("seed"):
            own = rows["seed"].iloc[0] == history["seed"].iloc[0]
            color = charts.COLORS[index % len(charts.COLORS)]
            charts.add_line(plot, model, rows["updates"], rows["valid_loss"], color=color, legend=bool(own))
    metric = primary(results.meta_as(Meta), target)
    floor = results.comparison["baselines"][target][metric.reference].get(
        metric.metric.name if metric.metric.lower_is_better else "log_loss"
    )
    charts.add_line(plot, shown(metric.reference), [0, last], [floor] * 2, color="#999999", dash="dot")
    if problem.solved_below is not None:
        charts.add_line(plot, _("solved"), [0, last], [problem.solved_below] * 2, color="#222222", dash="dot")
    plot.update_yaxes(type="log", exponentformat="power")
    plot.update_layout(hovermode="closest")
    return Figure(
        f"updates-{target}",
        _("{target}: loss against updates", target=target),
        _(
            "Validation loss after each epoch, one line a seed, by the number of gradient steps done. Dotted: the "
            "{reference} on the test part{solved}. A line ends where training stopped: solved, without progress for as many "
            "epochs as `patience` says, or diverged.",
            reference=shown(metric.reference),
            solved=_(", and the value below which the problem is solved") if problem.solved_below is not None else "",
        ),
        _("Compare how many updates each cell needs, and whether it gets there at all.")
        if problem.solved_below is None
        else _(
            "A network that has found nothing stays on the upper dotted line; the moment in which it finds the marks, or the "
            "symbols, is a sudden fall. Compare how many updates each cell needs before it, and whether it comes at all; "
            "differences below the lower line only tell when training was stopped."
        ),
        plot,
    )


# Clipping


def pairs(results: Results) -> list[tuple[str, str]]:
    """Models that differ in nothing but whether gradients are clipped: (without, with)."""
    specs = {model: _without_clipping(results.training(model)) for model in results.models}
    clipped = {model: results.training(model)["train"]["clip_norm"] is not None for model in results.models}
    return [
        (free, limited)
        for free in results.models
        for limited in results.models
        if not clipped[free] and clipped[limited] and specs[free] == specs[limited]
    ]


def _without_clipping(training: Any) -> Any:
    model = {key: value for key, value in training["model"].items() if key != "train"}
    return model, {key: value for key, value in training["train"].items() if key != "clip_norm"}


def clipping(results: Results, target: str, problem: Problem) -> list[Figure]:
    """The largest gradient of each epoch with and without clipping, and what became of the loss."""
    found = pairs(results)
    if not found:
        return []
    plot = charts.empty(_("updates"), _("largest gradient norm of an epoch"))
    said, last = [], 0
    for index, (free, limited) in enumerate(found):
        for model, dash in ((free, "solid"), (limited, "dash")):
            history = updates_of(results, target, model, problem)
            last = max(last, int(history["updates"].max()))
            for _seed, rows in history.groupby("seed"):
                own = rows["seed"].iloc[0] == history["seed"].iloc[0]
                color = charts.COLORS[(2 * index + (dash == "dash")) % len(charts.COLORS)]
                charts.add_line(plot, model, rows["updates"], rows["largest_gradient"], color, dash, bool(own))
            said.append(_fate(results, target, model, history, float(results.training(limited)["train"]["clip_norm"])))
    limit = float(results.training(found[0][1])["train"]["clip_norm"])
    charts.add_line(plot, _("limit of clipping"), [0, last], [limit] * 2, color="#999999", dash="dot")
    plot.update_yaxes(type="log", exponentformat="power")
    plot.update_layout(hovermode="closest")
    return [
        Figure(
            f"clipping-{target}",
            _("{target}: the same training with and without clipping", target=target),
            _(
                "The largest gradient norm among the steps of each epoch, before clipping, one line a seed. {fates}",
                fates=" ".join(said),
            ),
            _(
                "A step whose gradient is far above the limit has exploded (here: {exploded} times the limit). Without clipping "
                "Adam moves by about its learning rate all the same, but its averages remember the explosion, and later steps "
                "become tiny; with clipping the direction is kept and the length is not.",
                exploded=EXPLODED,
            ),
            plot,
        )
    ]


def _fate(results: Results, target: str, model: str, history: pd.DataFrame, limit: float) -> str:
    """What became of the training of a model, in a sentence."""
    exploded = int((~(history["largest_gradient"] <= EXPLODED * limit)).sum())  # one that is not a number has, too
    diverged = sum(epoch is not None for epoch in results.training(model)["targets"][target]["diverged"])
    best = history[np.isfinite(history["valid_loss"])].groupby("seed")["valid_loss"].min()
    ended = (
        _("{diverged} of {seeds} seeds diverged", diverged=diverged, seeds=history["seed"].nunique())
        if diverged
        else _("the loss stayed finite")
    )
    reached = _(", best validation loss {best:.3g}", best=best.mean()) if len(best) else ""
    return _(
        "{model}: {exploded} of {count} epochs have a step that exploded; {ended}{reached}.",
        model=model,
        exploded=exploded,
        count=len(history),
        ended=ended,
        reached=reached,
    )
