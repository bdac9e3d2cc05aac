from typing import Any

from pipelines.analysis import pairs


def model(cell: str, units: int, dropout: float = 0.1, **changes: Any) -> dict[str, Any]:
    layer = {"cell": cell, "units": units, "bidirectional": False, "forget_bias": 1.0}
    return {"recurrent": [layer, layer], "dense": [], "dropout": dropout, "parameters": None, **changes}


def test_fair_pairs_say_what_is_equal() -> None:
    models = {"lstm": model("lstm", 50), "gru": model("gru", 50), "gru_matched": model("gru", 50, parameters=31712)}
    found = pairs.fair(models, {"lstm": 31712, "gru": 24000, "gru_matched": 31600})
    assert found == [
        {"models": ["lstm", "gru"], "cells": ["lstm", "gru"], "equal": ["units"]},
        {"models": ["lstm", "gru_matched"], "cells": ["lstm", "gru"], "equal": ["parameters"]},
    ]


def test_fair_pairs_differ_in_nothing_but_the_cell() -> None:
    models = {
        "lstm": model("lstm", 50),
        "dropped_out": model("gru", 50, dropout=0.5),
        "deep": model("gru", 50, dense=[32]),
        "one_layer": model("gru", 50, recurrent=[model("gru", 50)["recurrent"][0]]),
    }
    assert pairs.fair(models, dict.fromkeys(models, 1000)) == []


def test_fair_pairs_of_encoders_and_decoders_are_found() -> None:
    def seq2seq(cell: str, attention: str | None) -> dict[str, Any]:
        stack = [{"cell": cell, "units": 8, "bidirectional": True}]
        return {"encoder": stack, "decoder": stack, "attention": attention}

    models = {"lstm": seq2seq("lstm", "general"), "gru": seq2seq("gru", "general"), "plain": seq2seq("gru", None)}
    (found,) = pairs.fair(models, {"lstm": 400, "gru": 300, "plain": 300})
    assert found["models"] == ["lstm", "gru"]


def test_cell_of_different_layers_is_mixed() -> None:
    assert pairs.cell(model("gru", 8)) == "gru"
    assert pairs.cell({"recurrent": [{"cell": "lstm"}, {"cell": "gru"}]}) == "mixed"
