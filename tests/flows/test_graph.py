"""The order in which stages start."""

import json
from pathlib import Path

import networkx
import pytest

from flows import graph
from pipelines import paths


def test_remaining_seconds_adds_up_the_longest_chain_of_recorded_trainings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for model, seconds in (("short", 10.0), ("long", 60.0)):
        path = paths.metrics("a", model)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"cost": {"train_seconds": seconds}}))
    models = ("short", "long", "unknown")
    edges = [(f"train@a-{model}", "compare@a") for model in models] + [
        ("prepare@a", f"train@a-{model}") for model in models
    ]
    remaining = graph.remaining_seconds(networkx.DiGraph(edges))
    assert remaining == {
        "compare@a": 1.0,
        "train@a-short": 11.0,
        "train@a-long": 61.0,
        "train@a-unknown": 61.0,  # as long as the longest that is known
        "prepare@a": 62.0,
    }
