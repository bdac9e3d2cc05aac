from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pipelines.params.finance import FinanceData, FinanceEvaluation

from pipelines import artifacts
from pipelines.contract import SPLITS
from pipelines.errors import InputError
from pipelines.params.blocks import Evaluation
from pipelines.tasks.finance import data, score

DATA = FinanceData(
    targets=("returns", "volatility"), lookback=10, horizon=5, valid_start="2011-07-01", test_start="2012-01-01",
    stride=1, min_observed=0.5,
)  # fmt: skip


class Params:
    evaluation = FinanceEvaluation(
        traced_windows=1, gradient_windows=2, explained_windows=1, telling_units=1, cost_bps=10.0
    )


def market(random: np.random.Generator, days: int = 780) -> pd.DataFrame:
    dates = pd.bdate_range("2010-01-01", periods=days, name="date")
    close = 100 * np.exp(np.cumsum(random.normal(0.003, 0.01, days)))
    spread = np.exp(np.abs(random.normal(0, 0.005, days)))
    return pd.DataFrame(
        {
            "open": close,
            "high": close * spread,
            "low": close / spread,
            "close": close,
            "volume": 1000.0 + np.arange(days) % 7,
        },
        dates,
    )


def prepare(
    folder: Path, tables: dict[str, pd.DataFrame], name: str = "out", **changes: Any
) -> tuple[Path, dict[str, Any]]:
    raw, destination = folder / f"raw-{name}", folder / name
    raw.mkdir()
    destination.mkdir()
    for symbol, table in tables.items():
        table.to_csv(raw / f"{symbol}.csv")
    parts = {symbol: {"origin": "test", "licence": "none"} for symbol in tables}
    artifacts.write_json(raw / "source.json", {"parts": parts})
    meta = data.prepare(raw, DATA.model_copy(update=changes), destination)
    artifacts.write_json(destination / "meta.json", meta)
    return destination, meta


def test_an_embargo_of_the_horizon_lies_between_splits_of_every_symbol(
    tmp_path: Path, random: np.random.Generator
) -> None:
    prepared, _ = prepare(tmp_path, {"a": market(random), "b": market(random)})
    table = pd.read_parquet(prepared / "table.parquet")
    rows = {split: np.load(prepared / "returns" / f"{split}.npy") for split in SPLITS}
    for symbol in ("a", "b"):
        own = {split: r[table["symbol"].to_numpy()[r] == symbol] for split, r in rows.items()}
        for before, after in (("train", "valid"), ("valid", "test")):
            assert own[after].min() + 1 - (own[before].max() + DATA.horizon) > DATA.horizon
        for split, origins in own.items():
            targets = np.unique(origins[:, None] + np.arange(1, DATA.horizon + 1))
            assert set(table["split"].iloc[targets]) == {split}
            assert set(table["symbol"].iloc[targets]) == {symbol}
            window = np.unique(origins[:, None] - np.arange(DATA.lookback))
            assert set(table["symbol"].iloc[window]) == {symbol}


def test_indicators_of_a_day_do_not_know_the_next(random: np.random.Generator) -> None:
    table = market(random)
    changed = table.copy()
    changed.iloc[500:] *= 1.5
    before, after = data.indicators(table), data.indicators(changed)
    pd.testing.assert_frame_equal(before.iloc[:500], after.iloc[:500])
    assert not before.iloc[500:].equals(after.iloc[500:])


def test_the_test_part_does_not_change_the_scaling(tmp_path: Path, random: np.random.Generator) -> None:
    table = market(random)
    changed = table.copy()
    changed.loc[DATA.valid_start :, ["open", "high", "low", "close"]] *= 2
    (before, meta), (after, changed_meta) = prepare(tmp_path, {"a": table}, "x"), prepare(tmp_path, {"a": changed}, "y")
    assert meta["targets"]["returns"]["symbols"] == changed_meta["targets"]["returns"]["symbols"]
    for target in DATA.targets:
        ours, theirs = (data.datasets(folder, target)["train"] for folder in (before, after))
        indices = np.arange(len(ours))
        np.testing.assert_array_equal(ours.batch(indices)[0], theirs.batch(indices)[0])


def test_a_perfect_output_scores_perfectly(tmp_path: Path, random: np.random.Generator) -> None:
    prepared, meta = prepare(tmp_path, {"a": market(random), "b": market(random)})
    windows = data.datasets(prepared, "returns")["test"]
    _, outputs = windows.batch(np.arange(len(windows)))
    scores = score.evaluate(prepared, meta, "returns", "test", [outputs], Params)
    assert scores.metrics["rmse"] < 1e-6
    assert scores.metrics["price_mape"] < 1e-3
    assert scores.metrics["directional_accuracy"] == 1
    assert scores.metrics["sharpe"] > 5
    volatility = data.datasets(prepared, "volatility")["test"]
    _, variance = volatility.batch(np.arange(len(volatility)))
    perfect = score.evaluate(prepared, meta, "volatility", "test", [np.log(variance)], Params)
    assert perfect.metrics["qlike"] < 1e-5
    assert perfect.metrics["rmse"] < 1e-3


def test_the_random_walk_names_no_direction_and_the_mean_buys_and_holds(
    tmp_path: Path, random: np.random.Generator
) -> None:
    prepared, meta = prepare(tmp_path, {"a": market(random)})
    scored = score.baselines(prepared, meta, "returns", Params)
    assert "directional_accuracy" not in scored["random walk"].metrics
    held = scored["historical mean"].samples
    np.testing.assert_allclose(held["wealth/a"], held["held/a"] * np.exp(-10 / 1e4), rtol=1e-9)


def test_every_change_of_position_costs() -> None:
    earned = score._backtest(np.array([True, True, False, True]), np.full(4, 0.01), cost_bps=10)
    np.testing.assert_allclose(earned, [0.009, 0.01, -0.001, 0.009])


def test_a_feature_that_training_never_saw_is_left_out_and_said(tmp_path: Path, random: np.random.Generator) -> None:
    table = market(random).assign(vix=20.0)
    table.loc[: DATA.valid_start, "vix"] = np.nan
    _, meta = prepare(tmp_path, {"a": table})
    about = meta["targets"]["returns"]
    assert "VIX" not in about["features"]
    assert "0% of the training days" in about["left_out"]["VIX"]


def test_a_file_without_volume_is_used_without_its_features(tmp_path: Path, random: np.random.Generator) -> None:
    _, meta = prepare(tmp_path, {"a": market(random).assign(volume=0)})
    assert not [name for name in meta["targets"]["returns"]["features"] if "volume" in name]


def test_one_target_alone_is_prepared_alone(tmp_path: Path, random: np.random.Generator) -> None:
    prepared, meta = prepare(tmp_path, {"a": market(random)}, targets=("volatility",))
    assert list(meta["targets"]) == ["volatility"]
    assert not (prepared / "returns").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.iloc[:40], r"a: has 40 days; the indicators alone need 60"),
        (lambda table: table.iloc[:300], r"a: has no days for valid \(it runs from .*valid_start and test_start"),
        (lambda table: table.assign(open=5.0, high=5.0, low=5.0, close=5.0), r"a: its price is constant"),
        (lambda table: table.iloc[:524], r"a: 3 days of test leave no window of 10 \+ 5 days"),
    ],
)
def test_prices_of_no_use_are_named_with_the_reason(
    tmp_path: Path, random: np.random.Generator, change: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        prepare(tmp_path, {"a": change(market(random))})


def test_the_evaluation_block_has_the_shared_sizes() -> None:
    assert set(Evaluation.model_fields) < set(FinanceEvaluation.model_fields)
