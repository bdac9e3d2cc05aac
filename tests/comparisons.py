"""Comparisons as `compare` writes them, of losses that are drawn: an LSTM, a GRU and a bidirectional GRU against a naive baseline."""

from pathlib import Path
from typing import Any

import numpy as np

from pipelines.analysis import comparison, statistics
from pipelines.analysis.comparison import Scores
from pipelines.artifacts import read_json, write_json
from pipelines.contract import Metric, Primary

MODELS = {"lstm": ("lstm", False), "gru": ("gru", False), "bigru": ("gru", True)}


def compared(folder: Path, advantage: float, target: str = "words", seed: int = 0) -> Any:
    """`comparison.json` of one target. The networks are better than the baseline by `advantage`, the GRU a little more than the others."""
    random = np.random.default_rng(seed)
    baseline = random.normal(1.0, 0.2, 300)
    losses = {
        model: baseline - advantage - 0.02 * (model == "gru" and advantage > 0) + random.normal(0, 0.05, (3, 300))
        for model in MODELS
    }
    values = {model: array.mean(1).tolist() for model, array in losses.items()}
    parameters = {"lstm": 400, "gru": 300, "bigru": 600}
    scores = Scores(values, losses, {"naive": float(baseline.mean())}, {"naive": baseline}, parameters)
    decision, tested = comparison.decide(scores, Primary(Metric("mae", "MAE"), "naive", lags=0))
    cost = {"seconds_per_epoch": 1.0, "train_seconds": 60.0, "inference_ms": 0.5, "inference_batch": 32}
    path = folder / "comparison.json"
    write_json(
        path,
        {
            "decisions": {target: decision},
            "statistics": {target: tested},
            "baselines": {target: {"naive": {"mae": 1.0}}},
            "models": {model: {"cell": cell, "bidirectional": backward} for model, (cell, backward) in MODELS.items()},
            "scores": {target: {model: statistics.summary(of_seeds) for model, of_seeds in values.items()}},
            "pairs": [{"models": ["lstm", "gru"], "cells": ["lstm", "gru"], "equal": ["units"]}],
            "cost": {"models": {model: {**cost, "parameters": parameters[model]} for model in MODELS}},
        },
    )
    return read_json(path)
