"""The page of a sweep, of results whose truth is known."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from pipelines.report import sweeps
from pipelines.sweeps import Fitted, Point, Result, Sweep

SEEDS = (1, 2, 3)


def swept(slope: float, noise: float, random: np.random.Generator, failing: bool = False) -> Sweep:
    """A loss that falls with the logarithm of the learning rate by `slope` a step, and depends on nothing else but chance."""
    cells, units, rates = ("lstm", "gru"), (16, 32, 64), (0.001, 0.003, 0.01)
    results = []
    for cell, size, rate in product(cells, units, rates):
        losses = tuple(float(2 - slope * rates.index(rate) + noise * random.normal()) for _ in SEEDS)
        targets = {"rain": Fitted(valid_loss=losses, best_epoch=(3, 4, 5))}
        point = Point(cell=cell, units=size, learning_rate=rate)
        overrides = {
            "train.learning_rate": rate,
            "models.m.recurrent": [{"cell": cell, "units": size, "bidirectional": True}],
        }
        results.append(Result(point=point, overrides=overrides, parameters=size**2, seconds=1.5, targets=targets))
    if failing:
        results[0] = results[0].model_copy(update={"targets": {}, "failed": "the loss is not finite; lower <it>"})
    return Sweep(
        task="rainfall", model="m", seeds=SEEDS, cells=cells, units=units, learning_rates=rates, fingerprint="f", results=tuple(results)
    )  # fmt: skip


def test_importance_belongs_to_what_the_loss_depends_on(random: np.random.Generator) -> None:
    shares, why = sweeps.importance(swept(0.5, 0.05, random), "rain")
    assert not why
    assert set(shares) == {"cell", "units", "learning_rate", "seed"}
    assert shares["learning_rate"] > 0.8
    assert sum(shares.values()) == pytest.approx(1)
    assert shares == sweeps.importance(swept(0.5, 0.05, np.random.default_rng(7)), "rain")[0], "the same every time"


def test_importance_of_chance_belongs_to_no_hyper_parameter_alone(random: np.random.Generator) -> None:
    shares, _ = sweeps.importance(swept(0.0, 0.05, random), "rain")
    assert max(shares.values()) < 0.6


def test_importance_of_few_or_equal_points_is_refused(random: np.random.Generator) -> None:
    sweep = swept(0.5, 0.05, random)
    assert sweeps.importance(sweep.model_copy(update={"results": sweep.results[:3]}), "rain") == (
        {},
        "there are fewer than 4 points",
    )
    assert sweeps.importance(swept(0.0, 0.0, random), "rain") == ({}, "all losses are the same")


def test_page_of_a_sweep_shows_every_point_and_the_commands(tmp_path: Path, random: np.random.Generator) -> None:
    sweep = swept(0.5, 0.05, random, failing=True)
    sweeps.write(tmp_path / "rainfall.html", sweep, [])
    text = (tmp_path / "rainfall.html").read_text()
    assert text.count('class="chart"') == 2
    assert "gatehouse sweep rainfall --model m --cells lstm,gru --units 16,32,64" in text
    assert "the loss is not finite; lower &lt;it&gt;" in text
    assert text.count("<tr>") == 1 + len(sweep.results)
    best = min(
        (result for result in sweep.results if result.targets), key=lambda of: np.mean(of.targets["rain"].valid_loss)
    )
    command = f"rainfall.models.m.recurrent=[{{cell:{best.point.cell},units:{best.point.units},bidirectional:true}}]"
    assert command in text
    assert "evaluate@rainfall-m" in text


def test_page_of_a_sweep_without_a_single_result_says_what_is_missing(
    tmp_path: Path, random: np.random.Generator
) -> None:
    sweep = swept(0.5, 0.05, random).model_copy(update={"results": ()})
    sweeps.write(tmp_path / "rainfall.html", sweep, [])
    assert "Not fitted yet: lstm-64-0.001" in (tmp_path / "rainfall.html").read_text()
