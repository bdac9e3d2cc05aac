"""What the charts say follows from the histories."""

from dataclasses import replace
from math import inf
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from pipelines.tasks.memory import charts_of_training as charts
from pipelines.tasks.memory.data import Meta, Problem

PROBLEM = Problem(
    features=["number", "mark"], outputs=["sum"], lookback=50, step="step", rows=1, splits={}, problem="adding", length=50,
    symbols=0, seed=1, examples=100, epochs=1, mean=0, std=1, solved_below=0.01,
)  # fmt: skip
TRAIN = {"batch_size": 32, "clip_norm": 1.0, "learning_rate": 0.01, "targets": {"adding_050": {"batch_size": 50}}}


class Stored:
    """Stands for stored results: `rnn` explodes and diverges with one of two seeds, `gru` solves with both."""

    models = ("rnn", "rnn_clipped", "gru")
    losses: ClassVar = {
        "rnn": {1: [0.2, inf], 2: [0.2, 0.17]},
        "rnn_clipped": {1: [0.2], 2: [0.16]},
        "gru": {1: [0.1, 0.009], 2: [0.005]},
    }

    def history(self, model: str) -> pd.DataFrame:
        rows = [
            {
                "target": "adding_050",
                "seed": seed,
                "epoch": epoch,
                "valid_loss": loss,
                "largest_gradient": 50.0 * epoch if np.isfinite(loss) else np.nan,
            }
            for seed, losses in self.losses[model].items()
            for epoch, loss in enumerate(losses)
        ]
        return pd.DataFrame(rows)

    def training(self, model: str) -> Any:
        cell = "gru" if model == "gru" else "simple_rnn"
        train = {**TRAIN, "clip_norm": None if model == "rnn" else 1.0}
        diverged = [2 if model == "rnn" else None, None]
        return {
            "model": {"recurrent": [{"cell": cell}], "train": {"clip_norm": None} if model == "rnn" else {}},
            "train": train,
            "targets": {"adding_050": {"diverged": diverged}},
        }

    def meta_as(self, kind: type[Meta]) -> Meta:
        return Meta({"adding_050": PROBLEM, "adding_200": replace(PROBLEM, length=200)}, "")


def test_updates_count_the_steps_of_the_target() -> None:
    history = charts.updates_of(Stored(), "adding_050", "gru", PROBLEM)  # type: ignore[arg-type]
    assert history["updates"].tolist() == [2, 4, 2], "two batches of 50 an epoch, as the target asks for"


def test_solved_by_counts_seeds_and_takes_the_median_of_their_updates() -> None:
    def solved(model: str) -> charts.Solved:
        return charts.solved_by(Stored(), "adding_050", model, PROBLEM)  # type: ignore[arg-type]

    assert solved("gru") == charts.Solved(2, 2, 3.0)
    assert solved("rnn") == charts.Solved(0, 2, inf)


def test_pairs_are_models_that_differ_in_clipping_alone() -> None:
    assert charts.pairs(Stored()) == [("rnn", "rnn_clipped")]  # type: ignore[arg-type]


def test_clipping_says_what_exploded_and_what_diverged() -> None:
    (figure,) = charts.clipping(Stored(), "adding_050", PROBLEM)  # type: ignore[arg-type]
    assert (
        "rnn: 2 of 4 epochs have a step that exploded; 1 of 2 seeds diverged, best validation loss 0.185."
        in figure.shows
    )
    assert "rnn_clipped: 0 of 2 epochs have a step that exploded; the loss stayed finite" in figure.shows


@pytest.mark.parametrize(("target", "drawn"), [("adding_050", 1), ("adding_200", 0)])
def test_solved_is_drawn_once_for_a_problem(target: str, drawn: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "solved_by", lambda *_: charts.Solved(1, 1, np.inf))
    assert len(charts.solved(Stored(), target, PROBLEM)) == drawn  # type: ignore[arg-type]
