"""All targets of all tasks side by side: which cell won where, and whether one is better over all of them. Data only, from comparisons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from pipelines.analysis.statistics import SIGNIFICANCE

COLUMNS = {"simple_rnn": "simple RNN", "lstm": "LSTM", "gru": "GRU"}
"""Cell -> its name. Every other one is in the column `OTHER`."""
OTHER = "other cells"
BASELINE = "best baseline"
RANKED = (BASELINE, "LSTM", "GRU")
FEWEST = 5
"""Targets below which ranks say nothing."""


@dataclass(frozen=True)
class Entry:
    """The best model of one column on one target."""

    model: str
    mean: float
    std: float | None
    standing: str
    """`best`, `alike` (no significant difference from the best) or `worse`."""


@dataclass(frozen=True)
class Pair:
    """An LSTM and a GRU that differ in nothing but the cell, and what follows from it."""

    lstm: str
    gru: str
    equal: list[str]
    """What is equal: `units`, `parameters`."""
    means: tuple[float, float]
    """The primary metric of both."""
    relative: float | None
    """How much higher the GRU's tested loss is, relative to the LSTM's."""
    p: float | None
    """Corrected for the number of pairs on the target."""
    better: str | None
    """`LSTM` or `GRU`; None: no significant difference."""


@dataclass(frozen=True)
class Row:
    """One target."""

    task: str
    title: str
    target: str
    decision: dict[str, Any]
    """The fields of `comparison.Decision`."""
    entries: dict[str, Entry]
    """By column."""
    forward: str | None
    """The recurrent model to use where the future is unknown: the best that does not read backwards; None if there is none."""
    cost: dict[str, Any]
    """Of the recurrent model that the decision names."""
    pairs: list[Pair]


@dataclass(frozen=True)
class Ranks:
    """Methods ranked on every target (Demšar 2006)."""

    targets: int
    mean: dict[str, float]
    """Method -> mean rank, 1 is best, ties share."""
    p: float
    """Of the hypothesis that all are alike: Friedman's test in the form of Iman & Davenport 1980."""
    critical_difference: float
    """Two mean ranks that differ by less are not significantly different (Nemenyi 1963)."""


def rows(task: str, title: str, comparison: Mapping[str, Any]) -> list[Row]:
    """The rows of a task, from what `compare` wrote."""
    return [
        Row(
            task,
            title,
            target,
            decision,
            _entries(comparison, target),
            _forward(comparison, target),
            comparison["cost"]["models"][decision["model"]],
            _pairs(comparison, target),
        )
        for target, decision in comparison["decisions"].items()
    ]


def column(cell: str) -> str:
    """The column of a cell."""
    return COLUMNS.get(cell, OTHER)


def _entries(comparison: Mapping[str, Any], target: str) -> dict[str, Entry]:
    decision = comparison["decisions"][target]
    sign = 1 if decision["metric"]["lower_is_better"] else -1
    found: dict[str, Entry] = {}
    for model, score in comparison["scores"][target].items():
        name = column(comparison["models"][model]["cell"])
        if name not in found or sign * score["mean"] < sign * found[name].mean:
            standing = "best" if model == decision["best"] else "worse" if model in decision["worse"] else "alike"
            found[name] = Entry(model, score["mean"], score["std"], standing)
    return found


def _forward(comparison: Mapping[str, Any], target: str) -> str | None:
    decision, models = comparison["decisions"][target], comparison["models"]
    if not models[decision["model"]]["bidirectional"]:
        return str(decision["model"])
    means = {
        model: score["mean"]
        for model, score in comparison["scores"][target].items()
        if not models[model]["bidirectional"]
    }
    best = min if decision["metric"]["lower_is_better"] else max
    return best(means, key=lambda model: means[model]) if means else None


def _pairs(comparison: Mapping[str, Any], target: str) -> list[Pair]:
    found = []
    for pair in comparison["pairs"]:
        by_cell = dict(zip(pair["cells"], pair["models"], strict=True))
        if by_cell.keys() != {"lstm", "gru"}:
            continue
        lstm, gru = by_cell["lstm"], by_cell["gru"]
        test = comparison["statistics"][target][gru]["against_models"][lstm]
        significant = test["p_holm"] is not None and test["p_holm"] < SIGNIFICANCE
        means = tuple(comparison["scores"][target][model]["mean"] for model in (lstm, gru))
        better = None if not significant else "GRU" if test["relative"] is not None and test["relative"] < 0 else "LSTM"
        lower_is_better = comparison["decisions"][target]["metric"]["lower_is_better"]
        ahead = "LSTM" if (means[0] < means[1]) == lower_is_better else "GRU"
        if means[0] != means[1] and better != ahead:  # the metric says the contrary of the losses that are tested
            better = None
        found.append(Pair(lstm, gru, pair["equal"], means, test["relative"], test["p_holm"], better))
    return found


def cell_counts(found: Sequence[Row]) -> dict[str, dict[str, list[str]]]:
    """Equal in `units` or `parameters` -> `LSTM`, `GRU` (which is significantly better) or `neither` -> the targets."""
    counts: dict[str, dict[str, list[str]]] = {}
    for row in found:
        for equal in dict.fromkeys(equal for pair in row.pairs for equal in pair.equal):
            pair = next(pair for pair in row.pairs if equal in pair.equal)
            of_kind = counts.setdefault(equal, {"LSTM": [], "GRU": [], "neither": []})
            of_kind[pair.better or "neither"].append(name(row))
    return counts


def name(row: Row) -> str:
    """A target's name among all tasks."""
    return row.title if row.target == row.task else f"{row.title}: {row.target}"


def ranks(found: Sequence[Row]) -> Ranks | None:
    """The best baseline, the LSTM and the GRU ranked on all targets that have both cells; None for fewer than five.

    Of several LSTMs and GRUs on a target the pair is taken that differs in nothing else, so that no cell gains from more attempts; the
    best of each cell where there is no such pair.
    """
    from scipy import stats

    table = []
    for row in found:
        values = _ranked_values(row)
        if values is not None:
            table.append(stats.rankdata(values if row.decision["metric"]["lower_is_better"] else [-v for v in values]))
    if len(table) < FEWEST:
        return None
    ranked = np.array(table)
    targets, methods = ranked.shape
    statistic = float(stats.friedmanchisquare(*ranked.T).statistic)
    p = 0.0
    if (rest := targets * (methods - 1) - statistic) > 0:
        p = float(stats.f.sf((targets - 1) * statistic / rest, methods - 1, (methods - 1) * (targets - 1)))
    quantile = float(stats.studentized_range.ppf(1 - SIGNIFICANCE, methods, np.inf)) / sqrt(2)
    critical = quantile * sqrt(methods * (methods + 1) / (6 * targets))
    return Ranks(targets, dict(zip(RANKED, ranked.mean(0).tolist(), strict=True)), p, critical)


def _ranked_values(row: Row) -> list[float] | None:
    """The primary metric of what is ranked, in the order of `RANKED`; None without an LSTM or a GRU."""
    if "LSTM" not in row.entries or "GRU" not in row.entries:
        return None
    cells = row.pairs[0].means if row.pairs else tuple(row.entries[cell].mean for cell in RANKED[1:])
    return [row.decision["baseline_value"], *cells]
