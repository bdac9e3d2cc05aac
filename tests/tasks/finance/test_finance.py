from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines import artifacts, params
from pipelines.contract import SPLITS, BatchPrediction, Evaluation, Source
from pipelines.errors import InputError
from pipelines.params import blocks
from pipelines.tasks.finance import baselines, data, evaluate, score, train, validate
from pipelines.tasks.finance import prepare as prepare_stage
from pipelines.tasks.finance.params import FinanceEvaluate, Params, Prepare
from tests.conftest import ROOT

PARAMS = params.block("finance", Params, ROOT / "params.yaml")
PARAMS = PARAMS.model_copy(update={"evaluate": PARAMS.evaluate.model_copy(update={"cost_bps": 10.0})})
PREPARE = Prepare(
    targets=("returns", "volatility"), lookback=10, horizon=5, valid_start="2011-07-01", test_start="2012-01-01",
    stride=1, min_observed=0.5,
)  # fmt: skip


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


def prepare(folder: Path, tables: dict[str, pd.DataFrame], name: str = "out", **changes: Any) -> tuple[Path, data.Meta]:
    """The prepared folder, and its meta as the later stages read it."""
    raw, destination = folder / f"raw-{name}", folder / name
    raw.mkdir()
    destination.mkdir()
    for symbol, table in tables.items():
        table.to_csv(raw / f"{symbol}.csv")
    parts = {symbol: {"origin": "test", "licence": "none"} for symbol in tables}
    artifacts.write_json(raw / "source.json", Source(sample=False, parts=parts))
    meta = prepare_stage.prepare(raw, PREPARE.model_copy(update=changes), destination)
    artifacts.write_json(destination / "meta.json", meta)
    return destination, artifacts.read(destination / "meta.json", data.Meta)


def test_prepare_leaves_an_embargo_of_the_horizon_between_splits(tmp_path: Path, random: np.random.Generator) -> None:
    prepared, _ = prepare(tmp_path, {"a": market(random), "b": market(random)})
    table = pd.read_parquet(prepared / "table.parquet")
    rows = {split: np.load(prepared / "returns" / f"{split}.npy") for split in SPLITS}
    for symbol in ("a", "b"):
        own = {split: r[table["symbol"].to_numpy()[r] == symbol] for split, r in rows.items()}
        for before, after in (("train", "valid"), ("valid", "test")):
            assert own[after].min() + 1 - (own[before].max() + PREPARE.horizon) > PREPARE.horizon
        for split, origins in own.items():
            targets = np.unique(origins[:, None] + np.arange(1, PREPARE.horizon + 1))
            assert set(table["split"].iloc[targets]) == {split}
            assert set(table["symbol"].iloc[targets]) == {symbol}
            window = np.unique(origins[:, None] - np.arange(PREPARE.lookback))
            assert set(table["symbol"].iloc[window]) == {symbol}


def test_indicators_do_not_depend_on_later_days(random: np.random.Generator) -> None:
    table = market(random)
    changed = table.copy()
    changed.iloc[500:] *= 1.5
    before, after = data.indicators(table, 5), data.indicators(changed, 5)
    pd.testing.assert_frame_equal(before.iloc[:500], after.iloc[:500])
    assert not before.iloc[500:].equals(after.iloc[500:])


def test_prepare_scaling_does_not_depend_on_validation_and_test_days(
    tmp_path: Path, random: np.random.Generator
) -> None:
    table = market(random)
    changed = table.copy()
    changed.loc[PREPARE.valid_start :, ["open", "high", "low", "close"]] *= 2
    (before, meta), (after, changed_meta) = prepare(tmp_path, {"a": table}, "x"), prepare(tmp_path, {"a": changed}, "y")
    assert meta.targets["returns"].symbols == changed_meta.targets["returns"].symbols
    for target in PREPARE.targets:
        ours, theirs = (data.datasets(folder, meta, target)["train"] for folder in (before, after))
        indices = np.arange(len(ours))
        one, other = (windows.batch(indices).inputs["window"] for windows in (ours, theirs))
        np.testing.assert_array_equal(one, other)


def outputs_of(prepared: Path, meta: data.Meta, target: str) -> np.ndarray:
    """The outputs of a network that knows the targets of the test part."""
    windows = data.datasets(prepared, meta, target)["test"]
    known = windows.batch(np.arange(len(windows))).targets["forecast"]
    return np.log(known) if target == "volatility" else known


def scored(prepared: Path, meta: data.Meta, target: str, outputs: np.ndarray) -> Evaluation:
    prediction = BatchPrediction(np.arange(len(outputs)), outputs)
    return evaluate.evaluate(prepared, meta, target, "test", iter([prediction]), PARAMS)


def test_evaluate_scores_perfect_outputs_perfectly(tmp_path: Path, random: np.random.Generator) -> None:
    prepared, meta = prepare(tmp_path, {"a": market(random), "b": market(random)})
    returns = scored(prepared, meta, "returns", outputs_of(prepared, meta, "returns"))
    assert returns.metrics["rmse"] < 1e-6
    assert returns.metrics["price_mape"] < 1e-3
    assert returns.metrics["directional_accuracy"] == 1
    assert returns.metrics["sharpe"] > 5
    volatility = scored(prepared, meta, "volatility", outputs_of(prepared, meta, "volatility"))
    assert volatility.metrics["qlike"] < 1e-5
    assert volatility.metrics["rmse"] < 1e-3


def test_evaluate_losses_are_daily_means_over_the_symbols(tmp_path: Path, random: np.random.Generator) -> None:
    prepared, meta = prepare(tmp_path, {"a": market(random), "b": market(random)})
    for target in meta.targets:
        outputs = outputs_of(prepared, meta, target) + 1
        evaluation = scored(prepared, meta, target, outputs)
        assert len(evaluation.losses) == len(outputs) / 2
        mean = evaluation.losses.mean()
        expected = np.sqrt(mean) if target == "returns" else mean
        assert evaluation.metrics["rmse" if target == "returns" else "qlike"] == pytest.approx(expected)


def test_random_walk_predicts_no_direction(tmp_path: Path, random: np.random.Generator) -> None:
    prepared, meta = prepare(tmp_path, {"a": market(random)})
    walk = baselines.baselines(prepared, meta, "returns", PARAMS)["random walk"]()
    assert "directional_accuracy" not in walk.metrics
    assert walk.record.directions == {}


def test_historical_mean_buys_and_holds(tmp_path: Path, random: np.random.Generator) -> None:
    prepared, meta = prepare(tmp_path, {"a": market(random)})
    backtest = baselines.baselines(prepared, meta, "returns", PARAMS)["historical mean"]().record.backtests["a"]
    np.testing.assert_allclose(backtest.wealth, backtest.held * np.exp(-10 / 1e4), rtol=1e-9)


def test_qlike_of_a_price_that_stands_still_is_finite(tmp_path: Path, random: np.random.Generator) -> None:
    still = market(random)
    still.iloc[-60:-20] = still.iloc[-61]
    prepared, meta = prepare(tmp_path, {"a": still})
    rolling = baselines.baselines(prepared, meta, "volatility", PARAMS)["rolling mean"]()
    assert np.isfinite(rolling.metrics["qlike"])


def test_expectations_look_for_the_embargo_in_every_symbol(tmp_path: Path, random: np.random.Generator) -> None:
    prepared, meta = prepare(tmp_path, {"a": market(random), "b": market(random, 820)})
    borders = validate.expectations(prepared, meta, PARAMS.validation)[-1].table
    table = pd.read_parquet(prepared / "table.parquet")
    for row in borders.itertuples():
        own = table[table["symbol"] == row.symbol]
        assert own["split"].loc[row.first_target] == row.split
        assert own["split"].loc[row.end_of_embargo - 2 * PREPARE.horizon] != row.split
    assert borders["symbol"].tolist() == ["a", "a", "b", "b"]


def test_backtest_pays_for_every_change_of_position() -> None:
    earned = score._backtest(np.array([True, True, False, True]), np.full(4, 0.01), cost_bps=10)
    np.testing.assert_allclose(earned, [0.009, 0.01, -0.001, 0.009])


def test_prepare_leaves_out_a_feature_that_training_never_observed(tmp_path: Path, random: np.random.Generator) -> None:
    table = market(random).assign(vix=20.0)
    table.loc[: PREPARE.valid_start, "vix"] = np.nan
    _, meta = prepare(tmp_path, {"a": table})
    returns = meta.targets["returns"]
    assert "VIX" not in returns.features
    assert "0% of the training days" in returns.left_out["VIX"]


def test_prepare_leaves_out_volume_features_without_volume(tmp_path: Path, random: np.random.Generator) -> None:
    _, meta = prepare(tmp_path, {"a": market(random).assign(volume=0)})
    assert not [name for name in meta.targets["returns"].features if "volume" in name]


def test_prepare_writes_only_the_named_targets(tmp_path: Path, random: np.random.Generator) -> None:
    prepared, meta = prepare(tmp_path, {"a": market(random)}, targets=("volatility",))
    assert list(meta.targets) == ["volatility"]
    assert not (prepared / "returns").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.iloc[:40], r"a: has 40 days; the indicators alone need 60"),
        (lambda table: table.iloc[:300], r"a: has no days for valid \(it runs from .*valid_start and test_start"),
        (lambda table: table.assign(open=5.0, high=5.0, low=5.0, close=5.0), r"a: its price is constant"),
        (lambda table: table.iloc[:524], r"a: 3 days of test leave no window of 10 \+ 5 days"),
    ],
    ids=["short", "no validation", "constant", "no window"],
)
def test_prepare_refuses_unusable_prices_with_the_reason(
    tmp_path: Path, random: np.random.Generator, change: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        prepare(tmp_path, {"a": change(market(random))})


def test_finance_evaluate_has_the_shared_fields() -> None:
    assert set(blocks.Evaluate.model_fields) < set(FinanceEvaluate.model_fields)


def test_log_variance_loss_is_lowest_at_the_mean_variance(random: np.random.Generator) -> None:
    variance = random.chisquare(5, (20_000, 1)).astype(np.float32) / 5
    candidates = np.linspace(0.5, 2, 31)
    losses = [
        train.LogVariance().loss({"forecast": variance}, np.full_like(variance, np.log(candidate)))
        for candidate in candidates
    ]
    assert losses[0].shape == (20_000,)
    best = candidates[np.argmin([np.mean(loss) for loss in losses])]
    assert best == pytest.approx(variance.mean(), abs=0.05)


def test_days_a_week_are_seven_for_markets_that_never_close() -> None:
    assert data.days_a_week_of(pd.date_range("2020", periods=99)) == 7
    assert data.days_a_week_of(pd.bdate_range("2020", periods=99)) == 5


@pytest.mark.parametrize(("freq", "week", "year"), [("D", 7, 365), ("B", 5, 252)])
def test_prepare_counts_the_days_of_a_week_and_of_a_year(
    tmp_path: Path, random: np.random.Generator, freq: str, week: int, year: int
) -> None:
    table = market(random)
    table.index = pd.date_range(end=table.index[-1], periods=len(table), freq=freq, name="date")
    starts = {"valid_start": str(table.index[400].date()), "test_start": str(table.index[520].date())}
    _, meta = prepare(tmp_path, {"a": table}, **starts)
    scaler = meta.targets["returns"].symbols["a"]
    assert (scaler.days_a_week, scaler.days_a_year) == (week, year)
