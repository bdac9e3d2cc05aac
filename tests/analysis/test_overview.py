"""The overview of all targets, from comparisons as `compare` writes them."""

from typing import Any

import pytest

from pipelines.analysis import overview


def comparison(
    lstm: float, gru: float, baseline: float, p: float, equal: tuple[str, ...] = ("units",), rnn: float | None = None
) -> dict[str, Any]:
    """One target `t`, whose metric is an error; the models are `lstm`, `gru`, `bigru` (as good as `gru`) and perhaps `rnn`."""
    means = {"lstm": lstm, "gru": gru, "bigru": gru} | ({} if rnn is None else {"rnn": rnn})
    best = min(means, key=lambda model: means[model])
    return {
        "decisions": {
            "t": {
                "metric": {"name": "mae", "title": "MAE", "lower_is_better": True},
                "best": best,
                "model": best,
                "baseline": "naive",
                "baseline_value": baseline,
                "worse": ["rnn"],
            }
        },
        "statistics": {"t": {"gru": {"against_models": {"lstm": {"relative": gru / lstm - 1, "p_holm": p}}}}},
        "scores": {"t": {model: {"mean": mean, "std": 0.1} for model, mean in means.items()}},
        "models": {
            "lstm": {"cell": "lstm", "bidirectional": False},
            "gru": {"cell": "gru", "bidirectional": False},
            "bigru": {"cell": "gru", "bidirectional": True},
            "rnn": {"cell": "simple_rnn", "bidirectional": False},
        },
        "pairs": [{"models": ["lstm", "gru"], "cells": ["lstm", "gru"], "equal": list(equal)}],
        "cost": {"models": {model: {"parameters": 10} for model in means}},
    }


def rows(*comparisons: dict[str, Any]) -> list[overview.Row]:
    return [row for number, found in enumerate(comparisons) for row in overview.rows(f"task{number}", "Task", found)]


def test_rows_hold_the_best_model_of_each_cell_and_how_it_stands() -> None:
    (row,) = rows(comparison(lstm=2, gru=1, baseline=3, p=0.5, rnn=4))
    standing = {name: (entry.model, entry.standing) for name, entry in row.entries.items()}
    assert standing == {"LSTM": ("lstm", "alike"), "GRU": ("gru", "best"), "simple RNN": ("rnn", "worse")}


def test_rows_name_a_model_that_does_not_read_backwards() -> None:
    found = comparison(lstm=2, gru=1, baseline=3, p=0.5)
    found["decisions"]["t"] |= {"best": "bigru", "model": "bigru"}
    assert rows(found)[0].forward == "gru"


def test_cell_counts_say_where_there_is_no_significant_difference() -> None:
    counts = overview.cell_counts(
        rows(
            comparison(2, 1, 3, p=0.01),
            comparison(2, 1, 3, p=0.2),
            comparison(1, 2, 3, p=0.01, equal=("units", "parameters")),
        )
    )
    assert {cell: len(targets) for cell, targets in counts["units"].items()} == {"LSTM": 1, "GRU": 1, "neither": 1}
    assert {cell: len(targets) for cell, targets in counts["parameters"].items()} == {"LSTM": 1, "GRU": 0, "neither": 0}


def test_ranks_find_a_method_that_is_always_last() -> None:
    alternating = [comparison(1 + number % 2, 1 + (number + 1) % 2, 9, p=0.5) for number in range(12)]
    ranks = overview.ranks(rows(*alternating))
    assert ranks is not None
    assert ranks.mean == {"best baseline": 3, "LSTM": 1.5, "GRU": 1.5}
    assert ranks.p < 0.001
    # Demšar 2006, table 5: 2.343 for three methods.
    assert ranks.critical_difference == pytest.approx(2.343 * (3 * 4 / (6 * 12)) ** 0.5, abs=0.001)


def test_ranks_of_few_targets_are_none() -> None:
    assert overview.ranks(rows(*[comparison(1, 2, 3, p=0.5)] * 4)) is None


def test_ranks_of_methods_without_a_pattern_are_not_significant() -> None:
    orders = [(1, 2, 3), (2, 3, 1), (3, 1, 2), (1, 3, 2), (2, 1, 3), (3, 2, 1)]
    ranks = overview.ranks(rows(*(comparison(*order, p=0.5) for order in orders)))
    assert ranks is not None
    assert ranks.p == pytest.approx(1)
